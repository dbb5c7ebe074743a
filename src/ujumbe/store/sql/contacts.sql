-- name: find
SELECT fields FROM contacts WHERE account_id = :account AND number = :number;

-- name: hold
SELECT fields FROM contacts WHERE account_id = :account AND number = :number FOR UPDATE;

-- name: put
INSERT INTO contacts (account_id, number, fields, updated_at) VALUES (:account, :number, :fields, :now)
ON CONFLICT (account_id, number) DO UPDATE SET fields = excluded.fields, updated_at = excluded.updated_at;

-- name: remove
DELETE FROM contacts WHERE account_id = :account AND number = :number;

-- name: list
SELECT number, fields FROM contacts WHERE account_id = :account AND number > :after ORDER BY number LIMIT :limit;
