-- name: insert
INSERT INTO deliveries (id, webhook_id, seq, type, subject, made_at, state, due_at)
VALUES (:id, :webhook, :seq, :type, :subject, :made_at, 'pending', :now)
ON CONFLICT (webhook_id, seq) DO NOTHING;

-- name: insert (postgres)
INSERT INTO deliveries (id, webhook_id, seq, type, subject, made_at, state, due_at)
SELECT u.id, :webhook, u.seq, u.type, u.subject, u.made_at, 'pending', :now
  FROM unnest(:id::bigint[], :seq::bigint[], :type::text[], :subject::bigint[], :made_at::bigint[])
       AS u (id, seq, type, subject, made_at)
ON CONFLICT (webhook_id, seq) DO NOTHING;

-- name: again
-- One that a process is at is left to it.
INSERT INTO deliveries (id, webhook_id, seq, type, subject, made_at, state, due_at)
VALUES (:id, :webhook, :seq, :type, :subject, :made_at, 'pending', :now)
ON CONFLICT (webhook_id, seq) DO UPDATE SET state = 'pending', tries = 0, due_at = :now, finished_at = NULL
 WHERE deliveries.lease_until <= :now;

-- name: again (postgres)
INSERT INTO deliveries AS d (id, webhook_id, seq, type, subject, made_at, state, due_at)
SELECT u.id, :webhook, u.seq, u.type, u.subject, u.made_at, 'pending', :now
  FROM unnest(:id::bigint[], :seq::bigint[], :type::text[], :subject::bigint[], :made_at::bigint[])
       AS u (id, seq, type, subject, made_at)
ON CONFLICT (webhook_id, seq) DO UPDATE SET state = 'pending', tries = 0, due_at = :now, finished_at = NULL
 WHERE d.lease_until <= :now;

-- name: waiting
-- As far as it matters how many.
SELECT id FROM deliveries
 WHERE webhook_id = :webhook AND state = 'pending' AND due_at <= :now AND lease_until <= :now LIMIT :most;

-- name: due
SELECT id, seq, type, subject, made_at, tries FROM deliveries
 WHERE webhook_id = :webhook AND state = 'pending' AND due_at <= :now AND lease_until <= :now
 ORDER BY due_at, id LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: lease
UPDATE deliveries SET tries = tries + 1, lease_until = :until WHERE id = ANY (:ids);

-- name: release
-- At the start on SQLite, where a lock proves that whoever had a lease is dead.
UPDATE deliveries SET lease_until = 0, due_at = :now
 WHERE state = 'pending' AND lease_until > 0
   AND webhook_id IN (SELECT id FROM webhooks WHERE account_id = :account);

-- name: record
-- Guarded by the lease: a result that comes after it counts for nothing, since another process is at it.
UPDATE deliveries SET state = :state, due_at = coalesce(:due, due_at), lease_until = 0, finished_at = :finished
 WHERE id = :id AND state = 'pending' AND lease_until = :lease;

-- name: attempt
INSERT INTO delivery_attempts (id, delivery_id, started_at, took_ms, status, body, error)
VALUES (:id, :delivery, :started, :took, :status, :body, :error);

-- name: list
SELECT id, seq, type, subject, made_at, state, tries, due_at, finished_at FROM deliveries
 WHERE webhook_id = :webhook AND seq < :before
 ORDER BY seq DESC LIMIT :limit;

-- name: list_pending
SELECT id, seq, type, subject, made_at, state, tries, due_at, finished_at FROM deliveries
 WHERE webhook_id = :webhook AND state = 'pending' AND seq < :before
 ORDER BY seq DESC LIMIT :limit;

-- name: list_failed
SELECT id, seq, type, subject, made_at, state, tries, due_at, finished_at FROM deliveries
 WHERE webhook_id = :webhook AND state = 'failed' AND seq < :before
 ORDER BY seq DESC LIMIT :limit;

-- name: list_delivered
SELECT id, seq, type, subject, made_at, state, tries, due_at, finished_at FROM deliveries
 WHERE webhook_id = :webhook AND state = 'delivered' AND seq < :before AND seq > :edge
 ORDER BY seq DESC LIMIT :limit;

-- name: edge
-- How far back a look goes that no index serves: so many rows of an index, and no row itself.
SELECT seq FROM deliveries WHERE webhook_id = :webhook AND seq < :before ORDER BY seq DESC LIMIT 1 OFFSET :window;

-- name: counts
-- Each as far as a page tells: from there on it says 99+.
SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE webhook_id = :webhook AND state = 'pending' LIMIT 100) p)
           AS pending,
       (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE webhook_id = :webhook AND state = 'failed' LIMIT 100) f)
           AS failed;

-- name: failed
SELECT id, seq, made_at FROM deliveries
 WHERE webhook_id = :webhook AND state = 'failed' AND seq < :before
 ORDER BY seq DESC LIMIT :limit;

-- name: retry
UPDATE deliveries SET state = 'pending', tries = 0, due_at = :now, finished_at = NULL
 WHERE id = ANY (:ids) AND state = 'failed';

-- name: attempts
SELECT delivery_id, started_at, took_ms, status, body, error FROM delivery_attempts
 WHERE delivery_id = ANY (:ids) ORDER BY delivery_id, id;

-- name: oldest
-- When the event happened that has waited longest, at any endpoint in use.
SELECT d.made_at FROM webhooks w JOIN deliveries d ON d.webhook_id = w.id AND d.state = 'pending'
 WHERE w.id = :webhook ORDER BY d.seq LIMIT 1;

-- name: forget
DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE id < :before ORDER BY id LIMIT :most);

-- name: forget (postgres)
WITH picked AS (SELECT id FROM deliveries WHERE id < :before ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
DELETE FROM deliveries WHERE id IN (SELECT id FROM picked);

-- name: forget_attempts
DELETE FROM delivery_attempts WHERE id IN (SELECT id FROM delivery_attempts WHERE id < :before ORDER BY id LIMIT :most);

-- name: forget_attempts (postgres)
WITH picked AS (SELECT id FROM delivery_attempts WHERE id < :before ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
DELETE FROM delivery_attempts WHERE id IN (SELECT id FROM picked);

-- name: orphans
-- Of endpoints that were deleted.
SELECT d.id FROM webhooks w JOIN deliveries d ON d.webhook_id = w.id
 WHERE w.deleted_at IS NOT NULL LIMIT :most;

-- name: delete_attempts
DELETE FROM delivery_attempts WHERE delivery_id = ANY (:ids);

-- name: delete
DELETE FROM deliveries WHERE id = ANY (:ids);
