-- +goose Up
-- Up to which record of the audit log an endpoint outside was told.
CREATE TABLE webhook_cursors (
  endpoint TEXT COLLATE "C" PRIMARY KEY,
  seq      BIGINT NOT NULL
);

-- What it is told: tried from next_at on, by whoever holds the lease.
CREATE TABLE webhook_deliveries (
  event        TEXT COLLATE "C" NOT NULL,
  endpoint     TEXT COLLATE "C" NOT NULL,
  type         TEXT COLLATE "C" NOT NULL,
  subject      TEXT COLLATE "C" NOT NULL,
  body         TEXT COLLATE "C" NOT NULL,
  at           BIGINT NOT NULL,
  tries        BIGINT NOT NULL,
  next_at      BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  sent_at      BIGINT NOT NULL,
  dead_at      BIGINT NOT NULL,
  failed       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (event, endpoint)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, sent_at, dead_at, next_at);
CREATE INDEX webhook_deliveries_at ON webhook_deliveries (at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhook_cursors;
