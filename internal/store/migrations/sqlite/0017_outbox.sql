-- +goose Up
-- Up to which record of the audit log an endpoint outside was told.
CREATE TABLE webhook_cursors (
  endpoint TEXT PRIMARY KEY,
  seq      INTEGER NOT NULL
) WITHOUT ROWID;

-- What it is told: tried from next_at on, by whoever holds the lease.
CREATE TABLE webhook_deliveries (
  event        TEXT NOT NULL,
  endpoint     TEXT NOT NULL,
  type         TEXT NOT NULL,
  subject      TEXT NOT NULL,
  body         TEXT NOT NULL,
  at           INTEGER NOT NULL,
  tries        INTEGER NOT NULL,
  next_at      INTEGER NOT NULL,
  leased_until INTEGER NOT NULL,
  sent_at      INTEGER NOT NULL,
  dead_at      INTEGER NOT NULL,
  failed       TEXT NOT NULL,
  PRIMARY KEY (event, endpoint)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, sent_at, dead_at, next_at);
CREATE INDEX webhook_deliveries_at ON webhook_deliveries (at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhook_cursors;
