-- +goose Up
-- What was erased: which records, by their digests, and never whose they were.
CREATE TABLE erasures (
  id         TEXT PRIMARY KEY,
  done_by    TEXT NOT NULL,
  asked_by   TEXT NOT NULL,
  records    BIGINT NOT NULL,
  body       BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE erasures;
