-- People who sign in to the dashboard, what lets them in, and who did what. They belong to the installation, as API keys
-- do; only what was done belongs to an account. (docs/decisions/0017-signing-in.md)
CREATE TABLE users (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    name_key       TEXT NOT NULL UNIQUE,            -- the name as it is compared: `Asha` and `asha` are one
    role           TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    password_hash  TEXT,                            -- none until they have chosen one by their link
    created_at     INTEGER NOT NULL,
    disabled_at    INTEGER
) STRICT;

-- A browser that is signed in. Only a hash of what its cookie holds is kept.
CREATE TABLE sessions (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    hash        BLOB NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,                   -- to a few minutes
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    agent       TEXT NOT NULL                       -- what the browser calls itself, shortened
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id, id) WHERE ended_at IS NULL;

-- One-time links: without a user, the one that makes the first admin; otherwise one by which a user chooses a password.
CREATE TABLE sign_in_links (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER REFERENCES users (id),
    hash        BLOB NOT NULL UNIQUE,
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,                   -- one that was made void expired at that moment
    used_at     INTEGER
) STRICT;

CREATE INDEX sign_in_links_of_user ON sign_in_links (user_id, expires_at) WHERE used_at IS NULL;

-- Tries to sign in that have not succeeded, by name and by address, each as a hash; kept for a day.
CREATE TABLE sign_in_tries (
    subject   BLOB PRIMARY KEY,
    failures  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL
) STRICT;

-- Who did what: no number and no text of a message, only ids. `actor` stays readable whatever becomes of the user.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    user_id     INTEGER REFERENCES users (id),      -- none for the command line, and in `ujumbe dev`
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    detail      TEXT NOT NULL,
    made_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_of_account ON audit (account_id, id);
CREATE INDEX audit_of_subject ON audit (account_id, subject, id) WHERE subject <> '';
