-- Whom we tell of events. Its deliveries are made from the log, up to and including the event `position`; so nothing is
-- lost when a process dies between an event and its delivery.
CREATE TABLE webhooks (
    id                INTEGER PRIMARY KEY,
    account_id        INTEGER NOT NULL REFERENCES accounts (id),
    url               TEXT NOT NULL,
    types             TEXT NOT NULL,                -- a JSON array; [] for every type
    secret            TEXT NOT NULL,                -- to sign with, so it has to be kept as it is; empty once deleted
    old_secret        TEXT NOT NULL DEFAULT '',     -- signs too until `old_until`
    old_until         INTEGER NOT NULL DEFAULT 0,
    position          INTEGER NOT NULL,
    failing_since     INTEGER,                      -- the first failure after the latest success
    disabled_at       INTEGER,
    disabled_reason   TEXT NOT NULL DEFAULT '',
    deleted_at        INTEGER,                      -- its deliveries are deleted by upkeep, and then itself
    created_at        INTEGER NOT NULL
) STRICT;

-- One event for one endpoint. It holds what of the event is needed, so that the log may be deleted earlier. While a process
-- is at it, `lease_until` lies ahead: another one leaves it alone.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY,
    webhook_id   INTEGER NOT NULL REFERENCES webhooks (id),
    seq          INTEGER NOT NULL,
    type         TEXT NOT NULL,
    subject      INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,                  -- when the event happened
    state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries        INTEGER NOT NULL DEFAULT 0,        -- since it was last asked for
    due_at       INTEGER NOT NULL,
    lease_until  INTEGER NOT NULL DEFAULT 0,
    finished_at  INTEGER,
    UNIQUE (webhook_id, seq)
) STRICT;

CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_pending ON deliveries (webhook_id, seq) WHERE state = 'pending';
CREATE INDEX deliveries_failed ON deliveries (webhook_id, seq) WHERE state = 'failed';

-- What a receiver answered. Nothing refers to it; deleted by id range, as deliveries are.
CREATE TABLE delivery_attempts (
    id           INTEGER PRIMARY KEY,
    delivery_id  INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    took_ms      INTEGER NOT NULL,
    status       INTEGER,                           -- none where there was no answer
    body         TEXT NOT NULL,                     -- its first characters
    error        TEXT NOT NULL                      -- what went wrong; empty for a success
) STRICT;

CREATE INDEX delivery_attempts_of ON delivery_attempts (delivery_id, id);
