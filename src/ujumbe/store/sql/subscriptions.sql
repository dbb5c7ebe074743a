-- name: start
INSERT INTO subscriptions (id, account_id, number, short_code, keyword, started_at)
VALUES (:id, :account, :number, :short_code, :keyword, :now)
ON CONFLICT (account_id, number, short_code, lower(keyword)) WHERE ended_at IS NULL DO NOTHING;

-- name: end
UPDATE subscriptions SET ended_at = :now
 WHERE account_id = :account AND number = :number AND short_code = :short_code
   AND lower(keyword) = lower(:keyword) AND ended_at IS NULL
RETURNING id;

-- name: list
SELECT id, number, short_code, keyword, started_at, ended_at FROM subscriptions
 WHERE +account_id = :account AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: among
SELECT id, number, short_code, keyword, started_at, ended_at FROM subscriptions
 WHERE id = ANY (:ids) AND +account_id = :account;
