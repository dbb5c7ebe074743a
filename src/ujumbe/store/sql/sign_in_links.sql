-- name: insert
INSERT INTO sign_in_links (id, user_id, hash, made_at, expires_at) VALUES (:id, :user, :hash, :now, :expires);

-- name: find
SELECT id, user_id FROM sign_in_links WHERE hash = :hash AND used_at IS NULL AND expires_at > :now;

-- name: use
UPDATE sign_in_links SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now;

-- name: void_of
UPDATE sign_in_links SET expires_at = :now WHERE user_id = :user AND used_at IS NULL AND expires_at > :now;

-- name: void_set_up
UPDATE sign_in_links SET expires_at = :now WHERE user_id IS NULL AND used_at IS NULL AND expires_at > :now;

-- name: forget
DELETE FROM sign_in_links WHERE expires_at < :before;
