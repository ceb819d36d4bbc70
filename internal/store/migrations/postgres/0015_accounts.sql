-- +goose Up
-- Which person an account at an OpenID provider is: one, and the same ever after.
CREATE TABLE accounts (
  issuer   TEXT COLLATE "C" NOT NULL,
  subject  TEXT COLLATE "C" NOT NULL,
  person   TEXT COLLATE "C" NOT NULL UNIQUE,
  first_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);

-- A session ends with the provider's settings that let its person in, and with the
-- provider's own session.
ALTER TABLE sessions ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN at_provider TEXT NOT NULL DEFAULT '';

-- What a person was last shown of a change set, and when first: only that can be
-- confirmed, at whichever replica.
CREATE TABLE shown (
  change_set TEXT COLLATE "C" NOT NULL,
  person     TEXT COLLATE "C" NOT NULL,
  view       TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (change_set, person)
);

-- +goose Down
DROP TABLE shown;
ALTER TABLE sessions DROP COLUMN at_provider;
ALTER TABLE sessions DROP COLUMN provider;
DROP TABLE accounts;
