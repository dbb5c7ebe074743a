-- Times are epoch milliseconds, booleans 0 or 1, raw bodies bytes; ids are made by us (ids.py), not by the database.

CREATE TABLE accounts (
    id          INTEGER PRIMARY KEY,
    username    TEXT NOT NULL,
    host        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (username, host)
) STRICT;

-- A process that makes ids holds a node number. `high_ms` is the latest moment its ids may carry, so that the next
-- holder starts above them even if the clock was set back in between.
CREATE TABLE nodes (
    node          INTEGER PRIMARY KEY CHECK (node BETWEEN 0 AND 1023),
    leased_until  INTEGER NOT NULL,
    high_ms       INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    hash        BLOB NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

-- What one request asked for: the text once, however many numbers it goes to.
CREATE TABLE batches (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    api_key_id  INTEGER REFERENCES api_keys (id),
    source      TEXT NOT NULL CHECK (source IN ('api', 'invoke', 'reply', 'cli')),
    mode        TEXT NOT NULL CHECK (mode IN ('bulk', 'two_way', 'premium')),
    sender      TEXT NOT NULL,
    scope       TEXT NOT NULL,                     -- the sender as opt-outs compare it
    text        TEXT NOT NULL,
    segments    INTEGER NOT NULL,
    link_id     TEXT NOT NULL DEFAULT '',
    keyword     TEXT NOT NULL DEFAULT '',
    category    TEXT NOT NULL CHECK (category IN ('otp', 'transactional', 'promotional')),
    created_at  INTEGER NOT NULL
) STRICT;

-- The messages table is the outbox: what is queued here is sent, there is no second queue to keep in step.
CREATE TABLE messages (
    id             INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL REFERENCES accounts (id),
    batch_id       INTEGER NOT NULL REFERENCES batches (id),
    number         TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('scheduled', 'queued', 'sending', 'sent', 'delivered', 'undelivered',
                                                  'failed', 'blocked', 'expired', 'canceled', 'uncertain')),
    assumed        INTEGER NOT NULL DEFAULT 0 CHECK (assumed IN (0, 1)),
    reason         TEXT NOT NULL DEFAULT '',
    priority       INTEGER NOT NULL DEFAULT 0,
    due_at         INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    tries          INTEGER NOT NULL DEFAULT 0,
    provider_id    TEXT,                            -- AT's message id of the latest attempt that has one
    progress       TEXT NOT NULL DEFAULT '',        -- AT's latest status word: Sent, Submitted, Buffered, Success ...
    network_code   TEXT NOT NULL DEFAULT '',
    cost_micros    INTEGER,
    cost_currency  TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX messages_queued ON messages (account_id, priority DESC, due_at, id) WHERE state = 'queued';
CREATE INDEX messages_due ON messages (account_id, due_at) WHERE state = 'queued';
CREATE INDEX messages_expiring ON messages (account_id, expires_at) WHERE state = 'queued';
CREATE INDEX messages_by_state ON messages (account_id, state, id);
CREATE INDEX messages_by_number ON messages (number, id);
CREATE INDEX messages_by_batch ON messages (batch_id, id);

-- One HTTP request to AT, written before it leaves: a call that is still open after its owner died may have been taken.
CREATE TABLE calls (
    id           INTEGER PRIMARY KEY,
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    verdict      TEXT NOT NULL CHECK (verdict IN ('open', 'answered', 'not_taken', 'maybe_taken')),
    recipients   INTEGER NOT NULL,
    lease_until  INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    http_status  INTEGER,
    summary      TEXT NOT NULL DEFAULT '',          -- AT's own summary line, or our words for what went wrong
    reply        TEXT NOT NULL DEFAULT ''           -- the start of a reply that could not be read
) STRICT;

CREATE INDEX calls_open ON calls (account_id, lease_until) WHERE verdict = 'open';

-- One message in one call. A message that is sent again has several, and a report may name any of them.
CREATE TABLE attempts (
    message_id     INTEGER NOT NULL REFERENCES messages (id),
    call_id        INTEGER NOT NULL REFERENCES calls (id),
    number         TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('open', 'taken', 'refused', 'opted_out', 'not_taken', 'uncertain')),
    provider_id    TEXT,
    code           INTEGER,
    status         TEXT NOT NULL DEFAULT '',
    parts          INTEGER,
    cost_micros    INTEGER,
    cost_currency  TEXT,
    PRIMARY KEY (message_id, call_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_by_call ON attempts (call_id);
CREATE INDEX attempts_by_provider_id ON attempts (provider_id) WHERE provider_id IS NOT NULL;

-- Every callback as it came. Nothing refers to a row here, so that old ones can be deleted by id range.
CREATE TABLE callbacks (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    kind          TEXT NOT NULL CHECK (kind IN ('twoway', 'delivery-reports', 'opt-out', 'subscription')),
    query         BLOB NOT NULL,
    content_type  TEXT NOT NULL,
    body          BLOB NOT NULL,
    number        TEXT NOT NULL,
    provider_id   TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('applied', 'waiting', 'duplicate', 'ignored', 'incomplete')),
    note          TEXT NOT NULL,                    -- why it was or was not applied
    received_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX callbacks_by_provider_id ON callbacks (provider_id, id);
CREATE INDEX callbacks_by_number ON callbacks (number, id);

CREATE TABLE inbound (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    provider_id   TEXT NOT NULL,
    number        TEXT NOT NULL,
    recipient     TEXT NOT NULL,                    -- the short code it was sent to
    text          TEXT NOT NULL,
    date          INTEGER,                          -- AT's date, where it could be read
    date_raw      TEXT NOT NULL,
    link_id       TEXT NOT NULL,
    network_code  TEXT NOT NULL,
    cost          TEXT NOT NULL,
    received_at   INTEGER NOT NULL,
    reply_id      INTEGER REFERENCES messages (id), -- our answer to it
    reply_note    TEXT NOT NULL DEFAULT '',         -- why there is none
    UNIQUE (account_id, provider_id)
) STRICT;

CREATE INDEX inbound_by_number ON inbound (number, id);

-- History: a row is one period of being opted out; the open one has no `ended_at`.
CREATE TABLE opt_outs (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    number      TEXT NOT NULL,
    sender      TEXT NOT NULL,                      -- as it was named; '' for all senders
    scope       TEXT NOT NULL,                      -- the sender as opt-outs are compared; '' for all
    source      TEXT NOT NULL CHECK (source IN ('callback', 'refusal', 'report', 'keyword', 'operator', 'import')),
    reason      TEXT NOT NULL DEFAULT '',
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    ended_by    TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX opt_outs_in_force ON opt_outs (account_id, number, scope) WHERE ended_at IS NULL;
CREATE INDEX opt_outs_by_number ON opt_outs (number, id);

CREATE TABLE subscriptions (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    number      TEXT NOT NULL,
    short_code  TEXT NOT NULL,
    keyword     TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;

CREATE UNIQUE INDEX subscriptions_in_force ON subscriptions (account_id, number, short_code, keyword COLLATE NOCASE)
    WHERE ended_at IS NULL;
