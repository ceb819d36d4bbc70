-- +goose Up
-- Files that come in parts. got is how many bytes there are; digest is the blob's
-- name once they are all there, and the parts are gone then.
CREATE TABLE uploads_open (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  owner      TEXT NOT NULL,
  size       INTEGER NOT NULL,
  got        INTEGER NOT NULL,
  digest     TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX uploads_open_created ON uploads_open (created_at);

CREATE TABLE upload_parts (
  upload TEXT NOT NULL,
  at     INTEGER NOT NULL,
  body   BLOB NOT NULL,
  PRIMARY KEY (upload, at)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE upload_parts;
DROP TABLE uploads_open;
