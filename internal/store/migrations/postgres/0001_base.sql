-- +goose Up
CREATE TABLE blobs (
  digest TEXT COLLATE "C" PRIMARY KEY,
  codec  BIGINT NOT NULL,
  size   BIGINT NOT NULL,
  body   BYTEA NOT NULL
);

CREATE TABLE record_sets (
  id         TEXT COLLATE "C" PRIMARY KEY,
  records    BIGINT NOT NULL,
  sources    BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE record_chunks (
  set_id    TEXT COLLATE "C" NOT NULL REFERENCES record_sets (id),
  n         BIGINT NOT NULL,
  records   TEXT COLLATE "C" NOT NULL REFERENCES blobs (digest),
  originals TEXT COLLATE "C" REFERENCES blobs (digest),
  ids       BYTEA NOT NULL,
  PRIMARY KEY (set_id, n)
);

CREATE TABLE mappings (
  signature  TEXT COLLATE "C" PRIMARY KEY,
  body       BYTEA NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE runs (
  id         TEXT COLLATE "C" PRIMARY KEY,
  kind       TEXT COLLATE "C" NOT NULL,
  agent      TEXT COLLATE "C" NOT NULL,
  status     TEXT COLLATE "C" NOT NULL,
  input      BYTEA NOT NULL,
  step       TEXT COLLATE "C" NOT NULL,
  draft      TEXT COLLATE "C" NOT NULL,
  error      TEXT COLLATE "C" NOT NULL,
  started_by TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX runs_newest ON runs (created_at, id);

CREATE TABLE drafts (
  id         TEXT COLLATE "C" PRIMARY KEY,
  kind       TEXT COLLATE "C" NOT NULL,
  title      TEXT COLLATE "C" NOT NULL,
  agent      TEXT COLLATE "C" NOT NULL,
  run        TEXT COLLATE "C" NOT NULL,
  records    TEXT COLLATE "C" NOT NULL,
  contract   TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL,
  revision   BIGINT NOT NULL,
  change_set TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX drafts_newest ON drafts (created_at, id);

CREATE TABLE revisions (
  draft       TEXT COLLATE "C" NOT NULL,
  n           BIGINT NOT NULL,
  digest      TEXT COLLATE "C" NOT NULL REFERENCES blobs (digest),
  contract    TEXT COLLATE "C" NOT NULL REFERENCES blobs (digest),
  passed      BIGINT NOT NULL,
  written_by  TEXT COLLATE "C" NOT NULL,
  note        TEXT COLLATE "C" NOT NULL,
  at          BIGINT NOT NULL,
  PRIMARY KEY (draft, n)
);

CREATE TABLE reviews (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT COLLATE "C" NOT NULL UNIQUE,
  draft   TEXT COLLATE "C" NOT NULL,
  n       BIGINT NOT NULL,
  digest  TEXT COLLATE "C" NOT NULL,
  done_by TEXT COLLATE "C" NOT NULL,
  verdict TEXT COLLATE "C" NOT NULL,
  text    TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX reviews_draft ON reviews (draft, seq);

-- What a transactional step returned, written in the transaction of its writes.
CREATE TABLE step_memos (
  run  TEXT COLLATE "C" NOT NULL,
  step BIGINT NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (run, step)
);

-- Processes that execute runs, and when each last said that it lives.
CREATE TABLE executors (
  id         TEXT COLLATE "C" PRIMARY KEY,
  name       TEXT COLLATE "C" NOT NULL,
  beat_at    BIGINT NOT NULL,
  claimed_by TEXT COLLATE "C" NOT NULL
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
