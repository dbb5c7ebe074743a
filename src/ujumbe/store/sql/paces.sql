-- name: ensure
INSERT INTO paces (account_id, scope, free_at) VALUES (:account, :scope, 0)
ON CONFLICT (account_id, scope) DO NOTHING;

-- name: free_at
SELECT free_at FROM paces WHERE account_id = :account AND scope = :scope;

-- name: set
UPDATE paces SET free_at = :free_at WHERE account_id = :account AND scope = :scope;
