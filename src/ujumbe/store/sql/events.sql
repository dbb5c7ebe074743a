-- name: insert
INSERT INTO events (id, account_id, type, subjects, number, made_at)
VALUES (:id, :account, :type, :subjects, :number, :now);

-- name: any_unnumbered
SELECT 1 AS found FROM events WHERE seq IS NULL LIMIT 1;

-- name: unnumbered
SELECT id, number FROM events WHERE seq IS NULL ORDER BY id LIMIT :most;

-- name: next
SELECT coalesce((SELECT next FROM event_numbers WHERE log = 1), 1) AS next;

-- name: number
UPDATE events SET seq = :seq WHERE id = :id;

-- name: number (postgres)
UPDATE events e SET seq = u.seq FROM unnest(:id::bigint[], :seq::bigint[]) AS u (id, seq) WHERE e.id = u.id;

-- name: advance
INSERT INTO event_numbers (log, next) VALUES (1, :next) ON CONFLICT (log) DO UPDATE SET next = excluded.next;

-- name: after
-- The row before the first whole one may hold the first events that are wanted.
SELECT seq, type, subjects, made_at FROM events
 WHERE seq IS NOT NULL AND account_id = :account
   AND seq >= coalesce((SELECT max(e.seq) FROM events e WHERE e.seq IS NOT NULL AND e.seq <= :seq), 0)
   AND seq + number > :seq + 1
 ORDER BY seq LIMIT :most;

-- name: forget
DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < :before AND seq + number <= :told + 1 ORDER BY id LIMIT :most);

-- name: forget (postgres)
-- WITH, since PostgreSQL may run a subquery behind IN several times, and each run would lock others.
WITH picked AS (
    SELECT id FROM events WHERE id < :before AND seq + number <= :told + 1 ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
)
DELETE FROM events WHERE id IN (SELECT id FROM picked);
