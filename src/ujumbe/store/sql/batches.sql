-- name: insert
INSERT INTO batches (id, account_id, api_key_id, source, mode, sender, scope, text, segments, link_id, keyword,
                     category, on_uncertain, metadata, created_at)
VALUES (:id, :account, :api_key, :source, :mode, :sender, :scope, :text, :segments, :link_id, :keyword,
        :category, :on_uncertain, :metadata, :now);

-- name: find
SELECT id, source, mode, sender, text, segments, link_id, keyword, category, on_uncertain, metadata, created_at
  FROM batches WHERE id = :id AND account_id = :account;

-- name: counts
SELECT state, count(*) AS number FROM messages WHERE batch_id = :batch GROUP BY state;

-- name: cancel
UPDATE messages SET state = 'canceled', reason = :reason, updated_at = :now
 WHERE batch_id = :batch AND state IN ('scheduled', 'queued');
