-- +goose Up
-- What asking models has cost, by account, and what calls under way have
-- reserved in it. Money in millionths of the currency of the prices.
CREATE TABLE spend (
  account     TEXT PRIMARY KEY,
  calls       INTEGER NOT NULL DEFAULT 0,
  tokens      INTEGER NOT NULL DEFAULT 0,
  micros      INTEGER NOT NULL DEFAULT 0,
  millis      INTEGER NOT NULL DEFAULT 0,
  open_calls  INTEGER NOT NULL DEFAULT 0,
  open_tokens INTEGER NOT NULL DEFAULT 0,
  open_micros INTEGER NOT NULL DEFAULT 0
);

-- A call that was reserved and not settled yet. One that a dead process left
-- stays: it may have been paid.
CREATE TABLE spend_open (
  id       TEXT PRIMARY KEY,
  accounts TEXT NOT NULL,
  calls    INTEGER NOT NULL,
  tokens   INTEGER NOT NULL,
  micros   INTEGER NOT NULL
);

-- Answers of models by the digest of what was asked.
CREATE TABLE model_answers (
  id   TEXT PRIMARY KEY,
  body BLOB NOT NULL,
  at   INTEGER NOT NULL
);

-- +goose Down
DROP TABLE model_answers;
DROP TABLE spend_open;
DROP TABLE spend;
