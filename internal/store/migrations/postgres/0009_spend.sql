-- +goose Up
-- What asking models has cost, by account, and what calls under way have
-- reserved in it. Money in millionths of the currency of the prices.
CREATE TABLE spend (
  account     TEXT PRIMARY KEY,
  calls       BIGINT NOT NULL DEFAULT 0,
  tokens      BIGINT NOT NULL DEFAULT 0,
  micros      BIGINT NOT NULL DEFAULT 0,
  millis      BIGINT NOT NULL DEFAULT 0,
  open_calls  BIGINT NOT NULL DEFAULT 0,
  open_tokens BIGINT NOT NULL DEFAULT 0,
  open_micros BIGINT NOT NULL DEFAULT 0
);

-- A call that was reserved and not settled yet. One that a dead process left
-- stays: it may have been paid.
CREATE TABLE spend_open (
  id       TEXT PRIMARY KEY,
  accounts TEXT NOT NULL,
  calls    BIGINT NOT NULL,
  tokens   BIGINT NOT NULL,
  micros   BIGINT NOT NULL
);

-- Answers of models by the digest of what was asked.
CREATE TABLE model_answers (
  id   TEXT PRIMARY KEY,
  body BYTEA NOT NULL,
  at   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE model_answers;
DROP TABLE spend_open;
DROP TABLE spend;
