-- name: lately
-- The latest batches of whichever account, so that the look back has an end.
SELECT sender, max(id) AS latest
  FROM (SELECT id, account_id, sender FROM batches ORDER BY id DESC LIMIT :most) b
 WHERE account_id = :account AND sender <> ''
 GROUP BY sender ORDER BY latest DESC LIMIT :limit;

-- name: keywords
SELECT short_code, keyword, max(id) AS latest
  FROM (SELECT id, account_id, short_code, keyword FROM subscriptions ORDER BY id DESC LIMIT :most) s
 WHERE account_id = :account
 GROUP BY short_code, keyword ORDER BY latest DESC LIMIT :limit;
