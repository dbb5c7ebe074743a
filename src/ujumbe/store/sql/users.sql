-- name: insert
INSERT INTO users (id, name, name_key, role, created_at) VALUES (:id, :name, :name_key, :role, :now)
    ON CONFLICT (name_key) DO NOTHING;

-- name: find
SELECT id, name, role, password_hash, created_at, disabled_at FROM users WHERE id = :id;

-- name: by_name
SELECT id, name, role, password_hash, created_at, disabled_at FROM users WHERE name_key = :name_key;

-- name: list
SELECT id, name, role, password_hash, created_at, disabled_at FROM users ORDER BY id;

-- name: any_ready
SELECT 1 AS found FROM users WHERE password_hash IS NOT NULL LIMIT 1;

-- name: other_admins
SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL AND password_hash IS NOT NULL AND id <> :id;

-- name: set_password
UPDATE users SET password_hash = :hash WHERE id = :id;

-- name: set_role
UPDATE users SET role = :role WHERE id = :id AND role <> :role;

-- name: disable
UPDATE users SET disabled_at = :now WHERE id = :id AND disabled_at IS NULL;

-- name: enable
UPDATE users SET disabled_at = NULL WHERE id = :id AND disabled_at IS NOT NULL;
