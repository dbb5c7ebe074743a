-- What follows when people answer: who said what about consent and how we know, rules, conversations, a list of doubts.

-- The words or the callback that opened or ended an opt-out: raw callbacks are deleted one day, the proof is not.
ALTER TABLE opt_outs ADD COLUMN proof TEXT NOT NULL DEFAULT '';
ALTER TABLE opt_outs ADD COLUMN ended_proof TEXT NOT NULL DEFAULT '';

-- The one confirmation of an opt-out, which that opt-out does not hold back.
ALTER TABLE messages ADD COLUMN exempt INTEGER NOT NULL DEFAULT 0 CHECK (exempt IN (0, 1));

-- Which rule an incoming text came under, in words. `task` is what is done about it outside of its transaction, once: a
-- handler of the user's own, or a subscription to ask AT for.
ALTER TABLE inbound ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound ADD COLUMN task TEXT NOT NULL DEFAULT '';
ALTER TABLE inbound ADD COLUMN task_state TEXT NOT NULL DEFAULT ''
    CHECK (task_state IN ('', 'waiting', 'running', 'done', 'failed'));
ALTER TABLE inbound ADD COLUMN task_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbound ADD COLUMN task_note TEXT NOT NULL DEFAULT '';
CREATE INDEX inbound_tasks ON inbound (account_id, task_state, id)
    WHERE task_state = 'waiting' OR task_state = 'running';

-- Texts that may ask to stop, in words that no list has: a person decides.
CREATE TABLE reviews (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    inbound_id  INTEGER NOT NULL REFERENCES inbound (id),
    number      TEXT NOT NULL,
    why         TEXT NOT NULL,
    decision    TEXT NOT NULL DEFAULT '' CHECK (decision IN ('', 'opt_out', 'dismiss')),
    decided_by  TEXT NOT NULL DEFAULT '',
    made_at     INTEGER NOT NULL,
    decided_at  INTEGER
) STRICT;

CREATE INDEX reviews_open ON reviews (account_id, id) WHERE decision = '';
CREATE INDEX reviews_by_number ON reviews (number, id);

CREATE TABLE rules (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    position    INTEGER NOT NULL,                   -- the first that matches wins
    name        TEXT NOT NULL,
    action      TEXT NOT NULL CHECK (action IN ('reply', 'forward', 'subscribe', 'opt_out', 'nothing')),
    keywords    TEXT NOT NULL,                      -- a JSON array; empty is about every text
    anywhere    INTEGER NOT NULL CHECK (anywhere IN (0, 1)),
    short_code  TEXT NOT NULL,
    template    TEXT NOT NULL,
    product     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (account_id, name)
) STRICT;

-- A pair of numbers of which the other side has written at least once. Its id is that of its first text.
CREATE TABLE conversations (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    number      TEXT NOT NULL,
    recipient   TEXT NOT NULL,                      -- our side: the short code that was written to
    state       TEXT NOT NULL CHECK (state IN ('open', 'done')),
    latest      INTEGER NOT NULL,                   -- the id of its latest incoming text
    UNIQUE (account_id, number, recipient)
) STRICT;

CREATE INDEX conversations_by_latest ON conversations (account_id, latest);

INSERT INTO conversations (id, account_id, number, recipient, state, latest)
SELECT min(id), account_id, number, recipient, 'open', max(id) FROM inbound GROUP BY account_id, number, recipient;

-- What is known of a person beside the number: the fields that templates may use.
CREATE TABLE contacts (
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    number      TEXT NOT NULL,
    fields      TEXT NOT NULL,                      -- a JSON object of texts
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;
