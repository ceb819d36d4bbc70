-- +goose Up
CREATE TABLE workflow_runs (
  id         TEXT PRIMARY KEY,
  workflow   TEXT NOT NULL,
  status     TEXT NOT NULL,
  seq        INTEGER NOT NULL,
  body       BLOB NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX workflow_runs_newest ON workflow_runs (created_at, id);
CREATE INDEX workflow_runs_status ON workflow_runs (status);

-- Who answers for an agent or a workflow; the newest word counts.
CREATE TABLE governance_attestations (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL,
  version TEXT NOT NULL,
  owner   TEXT NOT NULL,
  done_by TEXT NOT NULL,
  solo    INTEGER NOT NULL,
  at      INTEGER NOT NULL
);
CREATE INDEX governance_attestations_subject ON governance_attestations (subject, seq);

-- +goose Down
DROP TABLE governance_attestations;
DROP TABLE workflow_runs;
