-- +goose Up
-- Every change of a draft's state.
CREATE TABLE handoff_moves (
  draft      TEXT NOT NULL,
  n          INTEGER NOT NULL,
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  digest     TEXT NOT NULL,
  done_by    TEXT NOT NULL,
  role       TEXT NOT NULL,
  text       TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (draft, n)
) WITHOUT ROWID;

-- Promises about time. next_at is 0 for a clock that has nothing to do.
CREATE TABLE clocks (
  id         TEXT PRIMARY KEY,
  draft      TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  next_at    INTEGER NOT NULL,
  body       TEXT NOT NULL
);
CREATE INDEX clocks_draft ON clocks (draft, started_at, id);
CREATE INDEX clocks_next ON clocks (next_at);

-- What fell due: evidence that is never changed.
CREATE TABLE clock_notices (
  clock TEXT NOT NULL,
  key   TEXT NOT NULL,
  draft TEXT NOT NULL,
  noted INTEGER NOT NULL,
  body  TEXT NOT NULL,
  PRIMARY KEY (clock, key)
) WITHOUT ROWID;
CREATE INDEX clock_notices_draft ON clock_notices (draft, noted);

-- To whom it is sent. claimed_until keeps others from sending it meanwhile.
CREATE TABLE clock_sends (
  clock         TEXT NOT NULL,
  key           TEXT NOT NULL,
  channel       TEXT NOT NULL,
  sent_at       INTEGER NOT NULL,
  claimed_until INTEGER NOT NULL,
  failed        TEXT NOT NULL,
  PRIMARY KEY (clock, key, channel)
) WITHOUT ROWID;
CREATE INDEX clock_sends_waiting ON clock_sends (channel, sent_at, claimed_until);

-- A person's word that one gate holds for one revision.
CREATE TABLE attestations (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL UNIQUE,
  draft   TEXT NOT NULL,
  gate    TEXT NOT NULL,
  role    TEXT NOT NULL,
  digest  TEXT NOT NULL,
  done_by TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  UNIQUE (draft, gate, digest, done_by)
);

-- +goose Down
DROP TABLE attestations;
DROP TABLE clock_sends;
DROP TABLE clock_notices;
DROP TABLE clocks;
DROP TABLE handoff_moves;
