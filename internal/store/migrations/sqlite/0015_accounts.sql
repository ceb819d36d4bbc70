-- +goose Up
-- Which person an account at an OpenID provider is: one, and the same ever after.
CREATE TABLE accounts (
  issuer   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  person   TEXT NOT NULL UNIQUE,
  first_at INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;

-- A session ends with the provider's settings that let its person in, and with the
-- provider's own session.
ALTER TABLE sessions ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN at_provider TEXT NOT NULL DEFAULT '';

-- What a person was last shown of a change set, and when first: only that can be
-- confirmed, at whichever replica.
CREATE TABLE shown (
  change_set TEXT NOT NULL,
  person     TEXT NOT NULL,
  view       TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (change_set, person)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE shown;
ALTER TABLE sessions DROP COLUMN at_provider;
ALTER TABLE sessions DROP COLUMN provider;
DROP TABLE accounts;
