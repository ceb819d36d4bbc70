-- +goose Up
-- What was given to a run that waits for it.
CREATE TABLE signals (
  seq   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run   TEXT COLLATE "C" NOT NULL,
  name  TEXT COLLATE "C" NOT NULL,
  key   TEXT COLLATE "C" NOT NULL,
  body  BYTEA NOT NULL,
  taken BIGINT NOT NULL,
  UNIQUE (run, name, key)
);

-- +goose Down
DROP TABLE signals;
