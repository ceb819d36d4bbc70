-- +goose Up
-- Answers to writes that carried an idempotency key.
CREATE TABLE replies (
  key     TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  answer  BYTEA,
  at      BIGINT NOT NULL
);
CREATE INDEX replies_at ON replies (at);

-- +goose Down
DROP TABLE replies;
