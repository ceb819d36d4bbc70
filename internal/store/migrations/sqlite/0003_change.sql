-- +goose Up
CREATE TABLE change_sets (
  id         TEXT PRIMARY KEY,
  idem       TEXT UNIQUE,
  digest     TEXT NOT NULL,
  body       TEXT NOT NULL REFERENCES blobs (digest),
  state      TEXT NOT NULL,
  proof      BLOB NOT NULL,
  proposer   TEXT NOT NULL,
  target     TEXT NOT NULL,
  intent     TEXT NOT NULL,
  undoes     TEXT NOT NULL,
  money      INTEGER NOT NULL,
  tokens     INTEGER NOT NULL,
  owner      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  begun_at   INTEGER NOT NULL
);
CREATE INDEX change_sets_newest ON change_sets (created_at, id);
CREATE INDEX change_sets_begun ON change_sets (proposer, target, begun_at);

CREATE TABLE effects (
  set_id  TEXT NOT NULL REFERENCES change_sets (id),
  n       INTEGER NOT NULL,
  op      TEXT NOT NULL,
  object  TEXT NOT NULL,
  class   TEXT NOT NULL,
  objects INTEGER NOT NULL,
  touched INTEGER NOT NULL,
  state   TEXT NOT NULL,
  seen    TEXT NOT NULL,
  note    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (set_id, n)
) WITHOUT ROWID;

CREATE TABLE grants (
  id         TEXT PRIMARY KEY,
  n          INTEGER NOT NULL,
  set_id     TEXT NOT NULL REFERENCES change_sets (id),
  body       BLOB NOT NULL,
  signature  BLOB NOT NULL,
  signer     TEXT NOT NULL,
  state      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  UNIQUE (set_id, n)
);

-- +goose Down
DROP TABLE grants;
DROP TABLE effects;
DROP TABLE change_sets;
