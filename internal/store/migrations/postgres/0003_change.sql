-- +goose Up
CREATE TABLE change_sets (
  id         TEXT COLLATE "C" PRIMARY KEY,
  idem       TEXT COLLATE "C" UNIQUE,
  digest     TEXT COLLATE "C" NOT NULL,
  body       TEXT COLLATE "C" NOT NULL REFERENCES blobs (digest),
  state      TEXT COLLATE "C" NOT NULL,
  proof      BYTEA NOT NULL,
  proposer   TEXT COLLATE "C" NOT NULL,
  target     TEXT COLLATE "C" NOT NULL,
  intent     TEXT COLLATE "C" NOT NULL,
  undoes     TEXT COLLATE "C" NOT NULL,
  money      BIGINT NOT NULL,
  tokens     BIGINT NOT NULL,
  owner      TEXT COLLATE "C" NOT NULL,
  reason     TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  begun_at   BIGINT NOT NULL
);
CREATE INDEX change_sets_newest ON change_sets (created_at, id);
CREATE INDEX change_sets_begun ON change_sets (proposer, target, begun_at);

CREATE TABLE effects (
  set_id  TEXT COLLATE "C" NOT NULL REFERENCES change_sets (id),
  n       BIGINT NOT NULL,
  op      TEXT COLLATE "C" NOT NULL,
  object  TEXT COLLATE "C" NOT NULL,
  class   TEXT COLLATE "C" NOT NULL,
  objects BIGINT NOT NULL,
  touched BIGINT NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  seen    TEXT COLLATE "C" NOT NULL,
  note    TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (set_id, n)
);

CREATE TABLE grants (
  id         TEXT COLLATE "C" PRIMARY KEY,
  n          BIGINT NOT NULL,
  set_id     TEXT COLLATE "C" NOT NULL REFERENCES change_sets (id),
  body       BYTEA NOT NULL,
  signature  BYTEA NOT NULL,
  signer     TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  UNIQUE (set_id, n)
);

-- +goose Down
DROP TABLE grants;
DROP TABLE effects;
DROP TABLE change_sets;
