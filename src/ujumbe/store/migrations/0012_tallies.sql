-- Messages by the hour that they were made in, counted anew whenever something in an hour has changed (tallies.py).
-- An hour is that of the message's id, in whole hours since 1970.
CREATE TABLE tallies (
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    hour          INTEGER NOT NULL,
    state         TEXT NOT NULL,
    network_code  TEXT NOT NULL,
    messages      INTEGER NOT NULL,
    PRIMARY KEY (account_id, hour, state, network_code)
) STRICT, WITHOUT ROWID;

-- What may change without an event, or soon will: looked at again from time to time.
CREATE INDEX tallies_unsettled ON tallies (account_id, hour)
    WHERE state = 'scheduled' OR state = 'queued' OR state = 'sending' OR state = 'uncertain';

-- How long those that arrived took from AT's "taken" to the handset: at most so many seconds. In the order in which many
-- hours are added up: a month is a few short walks then, where sorting its rows took half of a page's time.
CREATE TABLE delivery_times (
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    hour          INTEGER NOT NULL,
    network_code  TEXT NOT NULL,
    seconds       INTEGER NOT NULL,
    messages      INTEGER NOT NULL,
    PRIMARY KEY (account_id, network_code, seconds, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_times_by_hour ON delivery_times (account_id, hour);

-- What AT said the attempts cost: one that was sent again was paid for twice.
CREATE TABLE spending (
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    hour        INTEGER NOT NULL,
    currency    TEXT NOT NULL,
    micros      INTEGER NOT NULL,
    PRIMARY KEY (account_id, hour, currency)
) STRICT, WITHOUT ROWID;

-- How far the counting is. Changes up to the event `position` are in the tallies; of the past, hours from `back_to` on
-- are. Whoever counts holds a turn: what one writes whose turn is over is not taken.
CREATE TABLE tallying (
    account_id    INTEGER PRIMARY KEY REFERENCES accounts (id),
    position      INTEGER NOT NULL,
    back_to       INTEGER NOT NULL,
    turn          INTEGER NOT NULL,
    leased_until  INTEGER NOT NULL,
    counted_at    INTEGER                           -- none before the first time that everything was counted
) STRICT;

-- Those that wait unusually long for their report are few among all that were sent.
CREATE INDEX messages_overdue ON messages (account_id, id) WHERE overdue = 1;
