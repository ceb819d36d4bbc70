-- +goose Up
CREATE TABLE blobs (
  digest TEXT PRIMARY KEY,
  codec  INTEGER NOT NULL,
  size   INTEGER NOT NULL,
  body   BLOB NOT NULL
);

CREATE TABLE record_sets (
  id         TEXT PRIMARY KEY,
  records    INTEGER NOT NULL,
  sources    BLOB NOT NULL,
  created_at INTEGER NOT NULL
);

CREATE TABLE record_chunks (
  set_id    TEXT NOT NULL REFERENCES record_sets (id),
  n         INTEGER NOT NULL,
  records   TEXT NOT NULL REFERENCES blobs (digest),
  originals TEXT REFERENCES blobs (digest),
  ids       BLOB NOT NULL,
  PRIMARY KEY (set_id, n)
) WITHOUT ROWID;

CREATE TABLE mappings (
  signature  TEXT PRIMARY KEY,
  body       BLOB NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE runs (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  agent      TEXT NOT NULL,
  status     TEXT NOT NULL,
  input      BLOB NOT NULL,
  step       TEXT NOT NULL,
  draft      TEXT NOT NULL,
  error      TEXT NOT NULL,
  started_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX runs_newest ON runs (created_at, id);

CREATE TABLE drafts (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  title      TEXT NOT NULL,
  agent      TEXT NOT NULL,
  run        TEXT NOT NULL,
  records    TEXT NOT NULL,
  contract   TEXT NOT NULL,
  state      TEXT NOT NULL,
  revision   INTEGER NOT NULL,
  change_set TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX drafts_newest ON drafts (created_at, id);

CREATE TABLE revisions (
  draft       TEXT NOT NULL,
  n           INTEGER NOT NULL,
  digest      TEXT NOT NULL REFERENCES blobs (digest),
  contract    TEXT NOT NULL REFERENCES blobs (digest),
  passed      INTEGER NOT NULL,
  written_by  TEXT NOT NULL,
  note        TEXT NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (draft, n)
) WITHOUT ROWID;

CREATE TABLE reviews (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL UNIQUE,
  draft   TEXT NOT NULL,
  n       INTEGER NOT NULL,
  digest  TEXT NOT NULL,
  done_by TEXT NOT NULL,
  verdict TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      INTEGER NOT NULL
);
CREATE INDEX reviews_draft ON reviews (draft, seq);

-- What a transactional step returned, written in the transaction of its writes.
CREATE TABLE step_memos (
  run  TEXT NOT NULL,
  step INTEGER NOT NULL,
  name TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run, step)
) WITHOUT ROWID;

-- Processes that execute runs, and when each last said that it lives.
CREATE TABLE executors (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  beat_at    INTEGER NOT NULL,
  claimed_by TEXT NOT NULL
);

-- +goose Down
DROP TABLE executors;
DROP TABLE step_memos;
DROP TABLE reviews;
DROP TABLE revisions;
DROP TABLE drafts;
DROP TABLE runs;
DROP TABLE mappings;
DROP TABLE record_chunks;
DROP TABLE record_sets;
DROP TABLE blobs;
