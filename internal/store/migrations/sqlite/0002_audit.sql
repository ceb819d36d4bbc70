-- +goose Up
-- The log's size stands apart from its leaves, so that a lost leaf is noticed.
CREATE TABLE audit_size (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL
);
INSERT INTO audit_size (one, size) VALUES (1, 0);

CREATE TABLE audit_leaves (
  seq  INTEGER PRIMARY KEY,
  body BLOB NOT NULL
);

CREATE TABLE audit_hashes (
  idx  INTEGER PRIMARY KEY,
  hash BLOB NOT NULL
);

CREATE TABLE audit_checkpoints (
  size INTEGER PRIMARY KEY,
  note BLOB NOT NULL
);

-- +goose Down
DROP TABLE audit_checkpoints;
DROP TABLE audit_hashes;
DROP TABLE audit_leaves;
DROP TABLE audit_size;
