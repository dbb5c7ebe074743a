-- Times are epoch milliseconds. Everything here may be thrown away: `POST reset` does.

CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- One row a request to send, so that a text to a thousand numbers is kept once.
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    sender TEXT NOT NULL,
    text TEXT NOT NULL,
    outcome TEXT NOT NULL
);

-- What a request said beyond sender and text, where it did: premium texts, and answers with a link id.
CREATE TABLE IF NOT EXISTS extras (
    request INTEGER PRIMARY KEY,
    premium INTEGER NOT NULL,
    keyword TEXT NOT NULL,
    link_id TEXT NOT NULL,
    retry_hours INTEGER
);

-- The ledger, and by `arrived` also what the handsets show.
CREATE TABLE IF NOT EXISTS lines (
    seq INTEGER PRIMARY KEY,
    request INTEGER NOT NULL,
    number TEXT NOT NULL,
    taken INTEGER NOT NULL,
    status_code INTEGER,
    message_id TEXT,
    cost TEXT NOT NULL,
    arrived INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS lines_arrived ON lines (number) WHERE arrived;

CREATE TABLE IF NOT EXISTS phones (
    number TEXT PRIMARY KEY,
    opened_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    unread INTEGER NOT NULL
) WITHOUT ROWID;

-- What the handsets wrote. `id` is the integer that fetching counts by, `uuid` what the callback says.
CREATE TABLE IF NOT EXISTS texts (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    at INTEGER NOT NULL,
    number TEXT NOT NULL,
    recipient TEXT NOT NULL,
    text TEXT NOT NULL,
    link_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS texts_number ON texts (number);
CREATE INDEX IF NOT EXISTS texts_link ON texts (link_id);

CREATE TABLE IF NOT EXISTS opt_outs (number TEXT, sender TEXT, PRIMARY KEY (number, sender)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS subscriptions (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    short_code TEXT NOT NULL,
    keyword TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (short_code, keyword, number)
);

CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;

-- Callbacks still to be answered 200. AUTOINCREMENT: an id is never used again, so the late result of one
-- from before a reset cannot touch another. `claimed` rows are in this process's hands; a new one frees them.
CREATE TABLE IF NOT EXISTS callbacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    due INTEGER NOT NULL,
    body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    claimed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (kind, due) WHERE claimed = 0;
