-- name: insert
INSERT INTO callbacks (id, account_id, kind, query, content_type, body, number, provider_id, message_id, state, note,
                       received_at)
VALUES (:id, :account, :kind, :query, :content_type, :body, :number, :provider_id, :message, :state, :note, :now);

-- name: insert (postgres)
INSERT INTO callbacks (id, account_id, kind, query, content_type, body, number, provider_id, message_id, state, note,
                       received_at)
SELECT u.id, :account, u.kind, u.query, u.content_type, u.body, u.number, u.provider_id, u.message, u.state, u.note, :now
  FROM unnest(:id::bigint[], :kind::text[], :query::bytea[], :content_type::text[], :body::bytea[], :number::text[],
              :provider_id::text[], :message::bigint[], :state::text[], :note::text[])
       AS u (id, kind, query, content_type, body, number, provider_id, message, state, note);

-- name: conclude
UPDATE callbacks SET state = :state, note = :note, message_id = coalesce(:message, message_id) WHERE id = :id;

-- name: conclude (postgres)
UPDATE callbacks c SET state = u.state, note = u.note, message_id = coalesce(u.message, c.message_id)
  FROM unnest(:id::bigint[], :state::text[], :note::text[], :message::bigint[]) AS u (id, state, note, message)
 WHERE c.id = u.id;

-- name: waiting
-- Mostly nothing waits at all, and then thousands of ids need not be looked for.
SELECT id, query, content_type, body FROM callbacks
 WHERE EXISTS (SELECT 1 FROM callbacks w WHERE w.account_id = :account AND w.state = 'waiting')
   AND provider_id = ANY (:provider_ids) AND account_id = :account AND kind = 'delivery-reports' AND state = 'waiting'
 ORDER BY id
   FOR UPDATE;

-- name: waiting_for_number
SELECT id, provider_id, query, content_type, body, received_at FROM callbacks
 WHERE number = :number AND message_id IS NULL AND account_id = :account AND kind = 'delivery-reports' AND state = 'waiting'
   AND received_at >= :since
 ORDER BY id;

-- name: waiting_since
SELECT id, provider_id, number FROM callbacks
 WHERE account_id = :account AND state = 'waiting' AND id >= :first
 ORDER BY id DESC LIMIT :most;

-- name: adopt
-- Reports that a process of an older version took in beside an upgrade: they were applied, and do not say to what.
UPDATE callbacks
   SET message_id = (SELECT max(a.message_id) FROM attempts a JOIN messages m ON m.id = a.message_id
                      WHERE a.provider_id = callbacks.provider_id AND m.account_id = callbacks.account_id)
 WHERE message_id IS NULL AND id >= :first AND account_id = :account AND kind = 'delivery-reports'
   AND state IN ('applied', 'duplicate', 'ignored') AND provider_id <> '';

-- name: find
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE id = :id AND account_id = :account;

-- name: list
-- The plus keeps SQLite from walking an account's index and sorting: newest first is the order of the table.
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE +account_id = :account AND id < :before AND id > :edge AND :kind IN ('', kind) AND :state IN ('', state)
 ORDER BY id DESC LIMIT :limit;

-- name: list_waiting
-- A state stands in its statement as it is: a partial index is used only where its own words are seen.
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE account_id = :account AND state = 'waiting' AND id < :before AND :kind IN ('', kind)
 ORDER BY id DESC LIMIT :limit;

-- name: list_incomplete
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE account_id = :account AND state = 'incomplete' AND id < :before AND :kind IN ('', kind)
 ORDER BY id DESC LIMIT :limit;

-- name: list_broken
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE account_id = :account AND state = 'broken' AND id < :before AND :kind IN ('', kind)
 ORDER BY id DESC LIMIT :limit;

-- name: list_quarantined
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE account_id = :account AND state = 'quarantined' AND id < :before AND :kind IN ('', kind)
 ORDER BY id DESC LIMIT :limit;

-- name: edge
-- How far back a look goes: so many rows, whose order is that of the table.
SELECT id FROM callbacks WHERE id < :before ORDER BY id DESC LIMIT 1 OFFSET :window;

-- name: quarantine
UPDATE callbacks SET state = 'quarantined', note = :note
 WHERE id IN (SELECT id FROM callbacks
               WHERE account_id = :account AND state = 'waiting' AND id < :before
               ORDER BY id LIMIT :most);

-- name: quarantine (postgres)
-- WITH, since PostgreSQL may run a subquery behind IN several times, and each run would lock others.
WITH picked AS (
    SELECT id FROM callbacks WHERE account_id = :account AND state = 'waiting' AND id < :before
     ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE callbacks SET state = 'quarantined', note = :note WHERE id IN (SELECT id FROM picked);

-- name: forget
DELETE FROM callbacks
 WHERE id IN (SELECT id FROM callbacks
               WHERE id < :before
               ORDER BY id LIMIT :most);

-- name: forget (postgres)
-- WITH, since PostgreSQL may run a subquery behind IN several times, and each run would lock others.
WITH picked AS (SELECT id FROM callbacks WHERE id < :before ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
DELETE FROM callbacks WHERE id IN (SELECT id FROM picked);

-- name: of_message
SELECT id, kind, query, content_type, body, state, note, received_at, number, message_id FROM callbacks
 WHERE message_id = :message AND account_id = :account
 ORDER BY id;
