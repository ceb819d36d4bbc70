-- +goose Up
-- A session ends with the token that it was made from. Those that do not know
-- theirs end now: people sign in again.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN token TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE sessions DROP COLUMN token;
