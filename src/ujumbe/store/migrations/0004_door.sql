-- What the door adds: two more ends of a callback. `broken`: applying it failed on our side, its note says how.
-- `quarantined`: a report for an id that nothing was ever sent under. (SQLite changes no CHECK in place.)
CREATE TABLE callbacks_anew (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    kind          TEXT NOT NULL CHECK (kind IN ('twoway', 'delivery-reports', 'opt-out', 'subscription')),
    query         BLOB NOT NULL,
    content_type  TEXT NOT NULL,
    body          BLOB NOT NULL,
    number        TEXT NOT NULL,
    provider_id   TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('applied', 'waiting', 'duplicate', 'ignored', 'incomplete', 'broken',
                                                 'quarantined')),
    note          TEXT NOT NULL,                    -- why it was or was not applied
    received_at   INTEGER NOT NULL
) STRICT;

INSERT INTO callbacks_anew (id, account_id, kind, query, content_type, body, number, provider_id, state, note, received_at)
SELECT id, account_id, kind, query, content_type, body, number, provider_id, state, note, received_at FROM callbacks;
DROP TABLE callbacks;
ALTER TABLE callbacks_anew RENAME TO callbacks;

CREATE INDEX callbacks_by_provider_id ON callbacks (provider_id, id);
CREATE INDEX callbacks_by_number ON callbacks (number, id);
CREATE INDEX callbacks_waiting ON callbacks (account_id, id) WHERE state = 'waiting';

-- The same text in AT's inbox, where it has an id of its own kind; null while it came by callback alone.
ALTER TABLE inbound ADD COLUMN inbox_id INTEGER;
CREATE UNIQUE INDEX inbound_by_inbox_id ON inbound (account_id, inbox_id) WHERE inbox_id IS NOT NULL;

-- How far AT's inbox has been read: its own ids, which are not those of callbacks.
ALTER TABLE accounts ADD COLUMN inbox_seen INTEGER NOT NULL DEFAULT 0;
