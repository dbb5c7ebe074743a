-- name: free
SELECT node, high_ms FROM nodes WHERE leased_until <= :now ORDER BY node LIMIT 1;

-- name: next
SELECT count(*) AS node FROM nodes;

-- name: take
-- high_ms goes up before any id may carry the moment, and never down while somebody may still use it.
INSERT INTO nodes (node, leased_until, high_ms) VALUES (:node, :until, :high)
ON CONFLICT (node) DO UPDATE SET leased_until = excluded.leased_until, high_ms = max(high_ms, excluded.high_ms)
RETURNING high_ms;

-- name: renew
UPDATE nodes SET leased_until = :until, high_ms = max(high_ms, :high)
 WHERE node = :node AND leased_until = :held
RETURNING high_ms;

-- name: release
UPDATE nodes SET leased_until = 0, high_ms = :high WHERE node = :node AND leased_until = :held;
