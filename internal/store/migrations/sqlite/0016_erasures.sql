-- +goose Up
-- What was erased: which records, by their digests, and never whose they were.
CREATE TABLE erasures (
  id         TEXT PRIMARY KEY,
  done_by    TEXT NOT NULL,
  asked_by   TEXT NOT NULL,
  records    INTEGER NOT NULL,
  body       BLOB NOT NULL,
  created_at INTEGER NOT NULL
);

-- +goose Down
DROP TABLE erasures;
