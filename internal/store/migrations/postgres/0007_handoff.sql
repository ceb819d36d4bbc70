-- +goose Up
-- Every change of a draft's state.
CREATE TABLE handoff_moves (
  draft      TEXT COLLATE "C" NOT NULL,
  n          BIGINT NOT NULL,
  from_state TEXT COLLATE "C" NOT NULL,
  to_state   TEXT COLLATE "C" NOT NULL,
  digest     TEXT COLLATE "C" NOT NULL,
  done_by    TEXT COLLATE "C" NOT NULL,
  role       TEXT COLLATE "C" NOT NULL,
  text       TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (draft, n)
);

-- Promises about time. next_at is 0 for a clock that has nothing to do.
CREATE TABLE clocks (
  id         TEXT COLLATE "C" PRIMARY KEY,
  draft      TEXT COLLATE "C" NOT NULL,
  started_at BIGINT NOT NULL,
  next_at    BIGINT NOT NULL,
  body       TEXT COLLATE "C" NOT NULL
);
CREATE INDEX clocks_draft ON clocks (draft, started_at, id);
CREATE INDEX clocks_next ON clocks (next_at);

-- What fell due: evidence that is never changed.
CREATE TABLE clock_notices (
  clock TEXT COLLATE "C" NOT NULL,
  key   TEXT COLLATE "C" NOT NULL,
  draft TEXT COLLATE "C" NOT NULL,
  noted BIGINT NOT NULL,
  body  TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (clock, key)
);
CREATE INDEX clock_notices_draft ON clock_notices (draft, noted);

-- To whom it is sent. claimed_until keeps others from sending it meanwhile.
CREATE TABLE clock_sends (
  clock         TEXT COLLATE "C" NOT NULL,
  key           TEXT COLLATE "C" NOT NULL,
  channel       TEXT COLLATE "C" NOT NULL,
  sent_at       BIGINT NOT NULL,
  claimed_until BIGINT NOT NULL,
  failed        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (clock, key, channel)
);
CREATE INDEX clock_sends_waiting ON clock_sends (channel, sent_at, claimed_until);

-- A person's word that one gate holds for one revision.
CREATE TABLE attestations (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT COLLATE "C" NOT NULL UNIQUE,
  draft   TEXT COLLATE "C" NOT NULL,
  gate    TEXT COLLATE "C" NOT NULL,
  role    TEXT COLLATE "C" NOT NULL,
  digest  TEXT COLLATE "C" NOT NULL,
  done_by TEXT COLLATE "C" NOT NULL,
  text    TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL,
  UNIQUE (draft, gate, digest, done_by)
);

-- +goose Down
DROP TABLE attestations;
DROP TABLE clock_sends;
DROP TABLE clock_notices;
DROP TABLE clocks;
DROP TABLE handoff_moves;
