-- What happened, for whoever wants to know: a row for each kind of change that a transaction made, with the ids of what it
-- changed. Each id in it is an event of its own: the first has the number `seq`, the next one `seq` + 1, and so on. They
-- are numbered after they were committed, one transaction at a time (events.py), so that nobody who reads by number ever
-- misses one. Ids only: nothing here has to be erased with a person.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    type        TEXT NOT NULL,
    subjects    TEXT NOT NULL,                      -- a JSON array of ids
    number      INTEGER NOT NULL,                   -- how many they are
    seq         INTEGER,
    made_at     INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_seq ON events (seq) WHERE seq IS NOT NULL;
CREATE INDEX events_unnumbered ON events (id) WHERE seq IS NULL;

-- The number of the next event: it never falls back, however many events are deleted.
CREATE TABLE event_numbers (
    log   INTEGER PRIMARY KEY CHECK (log = 1),
    next  INTEGER NOT NULL
) STRICT;
