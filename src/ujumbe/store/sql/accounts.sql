-- name: ensure
INSERT INTO accounts (id, username, host, created_at) VALUES (:id, :username, :host, :now)
ON CONFLICT (username, host) DO NOTHING;

-- name: find
SELECT id FROM accounts WHERE username = :username AND host = :host;

-- name: list
SELECT id, username, host FROM accounts ORDER BY id;
