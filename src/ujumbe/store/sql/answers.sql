-- name: find
SELECT body_hash, answer FROM answers
 WHERE account_id = :account AND api_key_id = :api_key AND key = :key AND created_at > :since;

-- name: keep
INSERT INTO answers (account_id, api_key_id, key, body_hash, answer, created_at)
VALUES (:account, :api_key, :key, :body_hash, :answer, :now)
ON CONFLICT (account_id, api_key_id, key) DO UPDATE
   SET body_hash = excluded.body_hash, answer = excluded.answer, created_at = excluded.created_at;

-- name: of_moments
SELECT api_key_id, key, answer FROM answers WHERE created_at = ANY (:moments) AND account_id = :account;

-- name: change
UPDATE answers SET answer = :answer WHERE account_id = :account AND api_key_id = :api_key AND key = :key;

-- name: forget
DELETE FROM answers WHERE created_at <= :before;
