-- +goose Up
-- What was given to a run that waits for it.
CREATE TABLE signals (
  seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  run   TEXT NOT NULL,
  name  TEXT NOT NULL,
  key   TEXT NOT NULL,
  body  BLOB NOT NULL,
  taken INTEGER NOT NULL,
  UNIQUE (run, name, key)
);

-- +goose Down
DROP TABLE signals;
