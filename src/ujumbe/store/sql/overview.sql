-- name: queue
-- Counted along indexes that hold only what waits, and not to the end: a page says 10,000+.
SELECT (SELECT count(*) FROM (SELECT 1 FROM messages WHERE account_id = :account AND state = 'queued' LIMIT :most) q)
           AS queued,
       (SELECT count(*) FROM (SELECT 1 FROM messages WHERE account_id = :account AND state = 'scheduled' LIMIT :most) s)
           AS scheduled;

-- name: trouble
SELECT (SELECT count(*) FROM (SELECT 1 FROM messages WHERE account_id = :account AND overdue = 1 AND id >= :since
                               LIMIT :most) o) AS overdue,
       (SELECT count(*) FROM (SELECT 1 FROM callbacks WHERE account_id = :account AND state = 'broken' AND id >= :since
                               LIMIT :most) b) AS broken,
       (SELECT count(*) FROM (SELECT 1 FROM callbacks WHERE account_id = :account AND state = 'quarantined'
                               AND id >= :since LIMIT :most) q) AS quarantined;

-- name: refused
SELECT counted.reason, count(*) AS number
  FROM (SELECT reason FROM messages WHERE account_id = :account AND state = 'failed' AND id >= :since
         ORDER BY id DESC LIMIT :most) AS counted
 GROUP BY counted.reason ORDER BY number DESC, counted.reason;

-- name: anything
SELECT 1 AS found FROM tallies WHERE account_id = :account LIMIT 1;
