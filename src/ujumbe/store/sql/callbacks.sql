-- name: insert
INSERT INTO callbacks (id, account_id, kind, query, content_type, body, number, provider_id, state, note, received_at)
VALUES (:id, :account, :kind, :query, :content_type, :body, :number, :provider_id, :state, :note, :now);

-- name: insert (postgres)
INSERT INTO callbacks (id, account_id, kind, query, content_type, body, number, provider_id, state, note, received_at)
SELECT u.id, :account, u.kind, u.query, u.content_type, u.body, u.number, u.provider_id, u.state, u.note, :now
  FROM unnest(:id::bigint[], :kind::text[], :query::bytea[], :content_type::text[], :body::bytea[], :number::text[],
              :provider_id::text[], :state::text[], :note::text[])
       AS u (id, kind, query, content_type, body, number, provider_id, state, note);

-- name: conclude
UPDATE callbacks SET state = :state, note = :note WHERE id = :id;

-- name: conclude (postgres)
UPDATE callbacks c SET state = u.state, note = u.note
  FROM unnest(:id::bigint[], :state::text[], :note::text[]) AS u (id, state, note)
 WHERE c.id = u.id;

-- name: waiting
-- Mostly nothing waits at all, and then thousands of ids need not be looked for.
SELECT id, query, content_type, body FROM callbacks
 WHERE EXISTS (SELECT 1 FROM callbacks w WHERE w.account_id = :account AND w.state = 'waiting')
   AND provider_id = ANY (:provider_ids) AND account_id = :account AND kind = 'delivery-reports' AND state = 'waiting'
 ORDER BY id;

-- name: waiting_for_number
SELECT id, provider_id, query, content_type, body, received_at FROM callbacks
 WHERE number = :number AND account_id = :account AND kind = 'delivery-reports' AND state = 'waiting'
   AND received_at >= :since
 ORDER BY id;

-- name: waiting_since
SELECT id, provider_id, number FROM callbacks
 WHERE account_id = :account AND state = 'waiting' AND id >= :first
 ORDER BY id DESC LIMIT :most;

-- name: find
SELECT id, kind, query, content_type, body, state, note, received_at, number FROM callbacks
 WHERE id = :id AND account_id = :account;

-- name: list
-- The plus keeps SQLite from walking an account's index and sorting: newest first is the order of the table.
SELECT id, kind, query, content_type, body, state, note, received_at, number FROM callbacks
 WHERE +account_id = :account AND id < :before AND :kind IN ('', kind) AND :state IN ('', state)
 ORDER BY id DESC LIMIT :limit;

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
SELECT c.id, c.kind, c.query, c.content_type, c.body, c.state, c.note, c.received_at, c.number
  FROM callbacks c
 WHERE c.account_id = :account AND c.kind = 'delivery-reports'
   AND c.provider_id IN (SELECT provider_id FROM attempts WHERE message_id = :message AND provider_id IS NOT NULL)
 ORDER BY c.id;
