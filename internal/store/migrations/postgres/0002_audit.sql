-- +goose Up
-- The log's size stands apart from its leaves, so that a lost leaf is noticed.
CREATE TABLE audit_size (
  one  BIGINT PRIMARY KEY CHECK (one = 1),
  size BIGINT NOT NULL
);
INSERT INTO audit_size (one, size) VALUES (1, 0);

CREATE TABLE audit_leaves (
  seq  BIGINT PRIMARY KEY,
  body BYTEA NOT NULL
);

CREATE TABLE audit_hashes (
  idx  BIGINT PRIMARY KEY,
  hash BYTEA NOT NULL
);

CREATE TABLE audit_checkpoints (
  size BIGINT PRIMARY KEY,
  note BYTEA NOT NULL
);

-- +goose Down
DROP TABLE audit_checkpoints;
DROP TABLE audit_hashes;
DROP TABLE audit_leaves;
DROP TABLE audit_size;
