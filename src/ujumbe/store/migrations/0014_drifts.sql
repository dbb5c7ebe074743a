-- How a premium product differed from AT's list when the two were compared last. Counts only: who it was stands in the
-- subscriptions themselves, where the difference was recorded.
CREATE TABLE drifts (
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    short_code   TEXT NOT NULL,
    keyword      TEXT NOT NULL,                     -- in lower case: a product's keyword has none
    listed       INTEGER NOT NULL,
    live         INTEGER NOT NULL,
    started      INTEGER NOT NULL,
    ended        INTEGER NOT NULL,
    recorded     INTEGER NOT NULL CHECK (recorded IN (0, 1)),
    compared_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, short_code, keyword)
) STRICT, WITHOUT ROWID;
