-- name: insert
INSERT INTO sessions (id, user_id, hash, created_at, seen_at, expires_at, agent)
VALUES (:id, :user, :hash, :now, :now, :expires, :agent);

-- name: find
SELECT s.id, s.user_id, s.seen_at, u.name, u.role FROM sessions s JOIN users u ON u.id = s.user_id
 WHERE s.hash = :hash AND s.ended_at IS NULL AND s.expires_at > :now AND s.seen_at > :active AND u.disabled_at IS NULL;

-- name: touch
UPDATE sessions SET seen_at = :now WHERE id = :id AND ended_at IS NULL;

-- name: of_user
SELECT id, created_at, seen_at, expires_at, agent FROM sessions
 WHERE user_id = :user AND ended_at IS NULL AND expires_at > :now AND seen_at > :active ORDER BY id DESC;

-- name: end
UPDATE sessions SET ended_at = :now WHERE id = :id AND user_id = :user AND ended_at IS NULL;

-- name: end_all
UPDATE sessions SET ended_at = :now WHERE user_id = :user AND ended_at IS NULL AND id <> :but;

-- name: forget
DELETE FROM sessions WHERE expires_at < :before;
