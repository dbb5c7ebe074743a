-- What the sending engine adds: pauses, pace, and what is exceptional in the life of a message.

-- One pause at a time, for all workers of an account; `probe_at` is when one of them may ask AT again. `strikes` are
-- calls in a row without an answer. Until `slow_until` nothing is taken up (AT said 429).
ALTER TABLE accounts ADD COLUMN pause TEXT NOT NULL DEFAULT ''
    CHECK (pause IN ('', 'operator', 'credentials', 'balance', 'unanswered'));
ALTER TABLE accounts ADD COLUMN pause_note TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN paused_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN probe_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN probes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN strikes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN slow_until INTEGER NOT NULL DEFAULT 0;

-- Who holds a node number: shown to people, and asked by commands that leave sending to a running service.
ALTER TABLE nodes ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE nodes ADD COLUMN process TEXT NOT NULL DEFAULT '';
ALTER TABLE nodes ADD COLUMN account_id INTEGER;  -- whose messages it sends; not known yet when a process begins

-- When a paced sender may send its next text (microseconds, since a fast one sends several a millisecond).
CREATE TABLE paces (
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    scope       TEXT NOT NULL,
    free_at     INTEGER NOT NULL,
    PRIMARY KEY (account_id, scope)
) STRICT, WITHOUT ROWID;

-- The sender as opt-outs compare it stands on the message too: claims go by sender (each has its own pace) and ask for
-- consent without looking at batches.
ALTER TABLE messages ADD COLUMN scope TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN sent_at INTEGER;
ALTER TABLE messages ADD COLUMN overdue INTEGER NOT NULL DEFAULT 0 CHECK (overdue IN (0, 1));
-- Each attempt has its own id at AT, in `attempts`.
ALTER TABLE messages DROP COLUMN provider_id;
UPDATE messages SET scope = (SELECT b.scope FROM batches b WHERE b.id = messages.batch_id);
DROP INDEX messages_queued;
CREATE INDEX messages_queued ON messages (account_id, scope, priority DESC, due_at, id) WHERE state = 'queued';
DROP INDEX messages_due;

-- Each index costs every message that passes through: what is queued has its own above, what is being sent is found
-- through its calls, and what was delivered is nearly everything. (SQLite uses a partial index only where a query names
-- one of these terms as it stands here.)
DROP INDEX messages_by_state;
CREATE INDEX messages_by_state ON messages (account_id, state, id)
    WHERE state = 'sent' OR state = 'undelivered' OR state = 'failed' OR state = 'blocked' OR state = 'expired'
       OR state = 'canceled' OR state = 'uncertain';

-- Each message is updated three or four times within minutes; by default PostgreSQL would clean up after a fifth of all
-- messages there ever were, and claims would walk over what was sent long ago.
-- postgres: ALTER TABLE messages SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);
-- postgres: ALTER TABLE attempts SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);

-- A report whose id we never learnt settled it: likely, not proven.
ALTER TABLE attempts ADD COLUMN inferred INTEGER NOT NULL DEFAULT 0 CHECK (inferred IN (0, 1));

-- What was decided about a message outside of the usual way: by a person, a policy, or upkeep. The rest of its story is
-- composed from batch, attempts and callbacks.
CREATE TABLE decisions (
    id          INTEGER PRIMARY KEY,
    message_id  INTEGER NOT NULL REFERENCES messages (id),
    rule        TEXT NOT NULL,
    state       TEXT NOT NULL,
    note        TEXT NOT NULL,
    made_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX decisions_by_message ON decisions (message_id, id);

-- Reports that wait for their message: upkeep looks at the new ones every few seconds.
CREATE INDEX callbacks_waiting ON callbacks (account_id, id) WHERE state = 'waiting';

-- How long texts took from AT's "taken" to their final report, by network: what is unusual is worked out from it.
CREATE TABLE report_times (
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    network_code  TEXT NOT NULL,
    bucket        INTEGER NOT NULL,                 -- the power of two of seconds that it took at most
    reports       INTEGER NOT NULL,
    PRIMARY KEY (account_id, network_code, bucket)
) STRICT, WITHOUT ROWID;

DROP INDEX subscriptions_in_force;
CREATE UNIQUE INDEX subscriptions_in_force ON subscriptions (account_id, number, short_code, lower(keyword))
    WHERE ended_at IS NULL;
