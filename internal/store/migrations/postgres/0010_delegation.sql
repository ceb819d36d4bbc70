-- +goose Up
-- What happened to an agent's work, and what people decided about it. mark makes
-- the same event once.
CREATE TABLE mode_events (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent   TEXT COLLATE "C" NOT NULL,
  mark    TEXT COLLATE "C" NOT NULL,
  step    TEXT COLLATE "C" NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  draft   TEXT COLLATE "C" NOT NULL,
  done_by TEXT COLLATE "C" NOT NULL,
  text    TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL,
  UNIQUE (agent, mark)
);

-- Standing delegations as they were signed. revoked_at is 0 while they hold.
CREATE TABLE standings (
  id         TEXT COLLATE "C" PRIMARY KEY,
  agent      TEXT COLLATE "C" NOT NULL,
  body       BYTEA NOT NULL,
  signature  BYTEA NOT NULL,
  signer     TEXT COLLATE "C" NOT NULL,
  granted_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);
CREATE INDEX standings_agent ON standings (agent, granted_at);

-- What was published under one, and whether a person looks at it afterwards.
CREATE TABLE releases (
  draft       TEXT COLLATE "C" NOT NULL,
  digest      TEXT COLLATE "C" NOT NULL,
  agent       TEXT COLLATE "C" NOT NULL,
  standing    TEXT COLLATE "C" NOT NULL,
  sampled     BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  reviewed_at BIGINT NOT NULL,
  reviewed_by TEXT COLLATE "C" NOT NULL,
  clean       BIGINT NOT NULL,
  text        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (draft, digest)
);

-- +goose Down
DROP TABLE releases;
DROP TABLE standings;
DROP TABLE mode_events;
