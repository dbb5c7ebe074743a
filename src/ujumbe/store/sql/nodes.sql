-- name: free
SELECT node, high_ms FROM nodes WHERE leased_until <= :now ORDER BY node LIMIT 1;

-- name: next
SELECT count(*) AS node FROM nodes;

-- name: take
-- high_ms goes up before any id may carry the moment, and never down while somebody may still use it.
INSERT INTO nodes (node, leased_until, high_ms, role, process) VALUES (:node, :until, :high, :role, :process)
ON CONFLICT (node) DO UPDATE
   SET leased_until = excluded.leased_until, role = excluded.role, process = excluded.process, account_id = NULL,
       high_ms = CASE WHEN excluded.high_ms > nodes.high_ms THEN excluded.high_ms ELSE nodes.high_ms END
RETURNING high_ms;

-- name: renew
UPDATE nodes SET leased_until = :until, high_ms = CASE WHEN :high > high_ms THEN :high ELSE high_ms END
 WHERE node = :node AND leased_until = :held
RETURNING high_ms;

-- name: release
UPDATE nodes SET leased_until = 0, high_ms = :high WHERE node = :node AND leased_until = :held;

-- name: serve
UPDATE nodes SET account_id = :account WHERE process = :process AND leased_until > :now;

-- name: living
SELECT node, role, process, account_id, leased_until FROM nodes WHERE leased_until > :now ORDER BY node;
