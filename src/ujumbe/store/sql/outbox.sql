-- The queue side of the messages table.

-- name: insert
INSERT INTO messages (id, account_id, batch_id, number, scope, state, reason, priority, due_at, expires_at, tries,
                      created_at, updated_at)
VALUES (:id, :account, :batch, :number, :scope, :state, :reason, :priority, :due, :expires, :tries, :now, :now);

-- name: insert (postgres)
INSERT INTO messages (id, account_id, batch_id, number, scope, state, reason, priority, due_at, expires_at, tries,
                      created_at, updated_at)
SELECT u.id, :account, u.batch, u.number, u.scope, u.state, u.reason, u.priority, u.due, u.expires, u.tries, :now, :now
  FROM unnest(:id::bigint[], :batch::bigint[], :number::text[], :scope::text[], :state::text[], :reason::text[],
              :priority::bigint[], :due::bigint[], :expires::bigint[], :tries::bigint[])
       AS u (id, batch, number, scope, state, reason, priority, due, expires, tries);

-- name: fall_due
UPDATE messages SET state = 'queued', updated_at = :now
 WHERE id IN (SELECT id FROM messages
               WHERE account_id = :account AND state = 'scheduled' AND due_at <= :now
               ORDER BY due_at LIMIT :most);

-- name: fall_due (postgres)
-- WITH, since PostgreSQL may run a subquery behind IN several times, and each run would lock others.
WITH picked AS (
    SELECT id FROM messages WHERE account_id = :account AND state = 'scheduled' AND due_at <= :now
     ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE messages SET state = 'queued', updated_at = :now WHERE id IN (SELECT id FROM picked);

-- name: expire
UPDATE messages SET state = 'expired', reason = :reason, updated_at = :now
 WHERE id IN (SELECT id FROM messages
               WHERE account_id = :account AND state = 'queued' AND expires_at <= :now
               ORDER BY expires_at LIMIT :most)
RETURNING id;

-- name: expire (postgres)
-- WITH, since PostgreSQL may run a subquery behind IN several times, and each run would lock others.
WITH picked AS (
    SELECT id FROM messages WHERE account_id = :account AND state = 'queued' AND expires_at <= :now
     ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE messages SET state = 'expired', reason = :reason, updated_at = :now WHERE id IN (SELECT id FROM picked)
RETURNING id;

-- name: lanes
-- The senders with something queued, each with its highest priority: hops along the index from one to the next.
WITH RECURSIVE lanes (scope) AS (
    SELECT min(scope) FROM messages WHERE account_id = :account AND state = 'queued'
    UNION ALL
    SELECT (SELECT min(m.scope) FROM messages m
             WHERE m.account_id = :account AND m.state = 'queued' AND m.scope > lanes.scope)
      FROM lanes WHERE lanes.scope IS NOT NULL
)
SELECT lanes.scope, (SELECT max(m.priority) FROM messages m
                      WHERE m.account_id = :account AND m.state = 'queued' AND m.scope = lanes.scope) AS top
  FROM lanes WHERE lanes.scope IS NOT NULL LIMIT :most;

-- name: below
SELECT max(priority) AS priority FROM messages
 WHERE account_id = :account AND state = 'queued' AND scope = :scope AND priority < :priority;

-- name: due
-- One sender's head of one priority, so that a claim costs the same however long the queue is and however much of it
-- waits for its next try. Consent is asked here, at the last moment: an opt-out may have come after the message was
-- accepted.
SELECT m.id, m.number, m.batch_id, m.priority, m.due_at, m.expires_at,
       m.exempt = 0 AND EXISTS (SELECT 1 FROM opt_outs o
                                 WHERE o.account_id = m.account_id AND o.number = m.number AND o.ended_at IS NULL
                                   AND o.scope IN ('', m.scope)) AS opted_out,
       m.exempt
  FROM messages m
 WHERE m.account_id = :account AND m.state = 'queued' AND m.scope = :scope AND m.priority = :priority
   AND m.due_at <= :now
 ORDER BY m.due_at, m.id LIMIT :most
   FOR NO KEY UPDATE OF m SKIP LOCKED;

-- name: exempt
UPDATE messages SET exempt = 1 WHERE id = :id AND state = 'queued';

-- name: confirmed
SELECT 1 AS found FROM messages WHERE number = :number AND id > :since AND account_id = :account AND exempt = 1 LIMIT 1;

-- name: withdraw
UPDATE messages SET state = 'canceled', reason = :reason, updated_at = :now
 WHERE id IN (SELECT id FROM messages
               WHERE number = :number AND account_id = :account AND exempt = 1 AND state = 'queued'
               ORDER BY id FOR UPDATE)
RETURNING id;

-- name: set_aside
UPDATE messages SET state = :state, reason = :reason, updated_at = :now WHERE id = ANY (:ids) AND state = 'queued'
RETURNING id;

-- name: take
UPDATE messages SET state = 'sending', tries = tries + 1, reason = '', updated_at = :now
 WHERE id = ANY (:ids) AND state = 'queued';

-- name: first_due
SELECT min(due_at) AS due FROM messages
 WHERE account_id = :account AND state = 'queued' AND scope = :scope AND priority = :priority;

-- name: first_scheduled
SELECT min(due_at) AS due FROM messages WHERE account_id = :account AND state = 'scheduled';

-- name: depth
-- Counted along indexes that hold only what waits.
SELECT 'queued' AS state, count(*) AS number, min(due_at) AS oldest FROM messages
 WHERE account_id = :account AND state = 'queued'
UNION ALL
SELECT 'scheduled', count(*), min(due_at) FROM messages WHERE account_id = :account AND state = 'scheduled';
