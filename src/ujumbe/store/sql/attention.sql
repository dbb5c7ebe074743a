-- name: counts
-- Each is counted up to a hundred: a page shows no more, and asks with each view.
SELECT (SELECT count(*) FROM (SELECT 1 FROM messages WHERE account_id = :account AND state = 'uncertain' LIMIT 100) u)
           AS uncertain,
       (SELECT count(*) FROM (SELECT 1 FROM reviews WHERE account_id = :account AND decision = '' LIMIT 100) r)
           AS reviews,
       (SELECT count(*) FROM (SELECT 1 FROM conversations WHERE account_id = :account AND state = 'open' LIMIT 100) c)
           AS conversations,
       (SELECT count(*) FROM webhooks WHERE account_id = :account AND deleted_at IS NULL
           AND (failing_since IS NOT NULL OR disabled_at IS NOT NULL)) AS webhooks,
       (SELECT pause FROM accounts WHERE id = :account) AS pause;
