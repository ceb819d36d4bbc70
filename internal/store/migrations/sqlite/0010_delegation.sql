-- +goose Up
-- What happened to an agent's work, and what people decided about it. mark makes
-- the same event once.
CREATE TABLE mode_events (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  agent   TEXT NOT NULL,
  mark    TEXT NOT NULL,
  step    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  draft   TEXT NOT NULL,
  done_by TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  UNIQUE (agent, mark)
);

-- Standing delegations as they were signed. revoked_at is 0 while they hold.
CREATE TABLE standings (
  id         TEXT PRIMARY KEY,
  agent      TEXT NOT NULL,
  body       BLOB NOT NULL,
  signature  BLOB NOT NULL,
  signer     TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL
);
CREATE INDEX standings_agent ON standings (agent, granted_at);

-- What was published under one, and whether a person looks at it afterwards.
CREATE TABLE releases (
  draft       TEXT NOT NULL,
  digest      TEXT NOT NULL,
  agent       TEXT NOT NULL,
  standing    TEXT NOT NULL,
  sampled     INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  reviewed_at INTEGER NOT NULL,
  reviewed_by TEXT NOT NULL,
  clean       INTEGER NOT NULL,
  text        TEXT NOT NULL,
  PRIMARY KEY (draft, digest)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE releases;
DROP TABLE standings;
DROP TABLE mode_events;
