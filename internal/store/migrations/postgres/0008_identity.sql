-- +goose Up
CREATE TABLE tokens (
  id         TEXT PRIMARY KEY,
  digest     TEXT NOT NULL,
  person     TEXT NOT NULL,
  name       TEXT NOT NULL,
  scopes     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);

CREATE TABLE sessions (
  digest     TEXT PRIMARY KEY,
  person     TEXT NOT NULL,
  roles      TEXT NOT NULL,
  csrf       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expire ON sessions (expires_at);

-- +goose Down
DROP TABLE sessions;
DROP TABLE tokens;
