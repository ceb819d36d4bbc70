-- +goose Up
CREATE TABLE workflow_runs (
  id         TEXT COLLATE "C" PRIMARY KEY,
  workflow   TEXT COLLATE "C" NOT NULL,
  status     TEXT COLLATE "C" NOT NULL,
  seq        BIGINT NOT NULL,
  body       BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX workflow_runs_newest ON workflow_runs (created_at, id);
CREATE INDEX workflow_runs_status ON workflow_runs (status);

-- Who answers for an agent or a workflow; the newest word counts.
CREATE TABLE governance_attestations (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  owner   TEXT COLLATE "C" NOT NULL,
  done_by TEXT COLLATE "C" NOT NULL,
  solo    BIGINT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX governance_attestations_subject ON governance_attestations (subject, seq);

-- +goose Down
DROP TABLE governance_attestations;
DROP TABLE workflow_runs;
