-- What POST /v1/messages adds: options of a batch, answers to repeat, and messages that wait for their time.

ALTER TABLE batches ADD COLUMN on_uncertain TEXT NOT NULL DEFAULT 'hold' CHECK (on_uncertain IN ('hold', 'resend', 'fail'));
ALTER TABLE batches ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';

CREATE INDEX messages_scheduled ON messages (account_id, due_at) WHERE state = 'scheduled';

-- The answer to a request with an Idempotency-Key, to be given again for a day. It is written in the transaction that
-- accepts the messages, so that either both are there or neither is.
CREATE TABLE answers (
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    api_key_id  INTEGER NOT NULL,                   -- 0 where none was needed
    key         TEXT NOT NULL,
    body_hash   BLOB NOT NULL,
    answer      BLOB NOT NULL,                      -- JSON, deflated
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, api_key_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_by_age ON answers (created_at);
