-- name: insert
INSERT INTO api_keys (id, name, scopes, hash, created_at) VALUES (:id, :name, :scopes, :hash, :now);

-- name: by_hash
SELECT id, name, scopes, created_at, revoked_at FROM api_keys WHERE hash = :hash AND revoked_at IS NULL;

-- name: revoked_among
SELECT id FROM api_keys WHERE id = ANY (:ids) AND revoked_at IS NOT NULL;

-- name: list
SELECT id, name, scopes, created_at, revoked_at FROM api_keys ORDER BY id;

-- name: revoke
UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL;
