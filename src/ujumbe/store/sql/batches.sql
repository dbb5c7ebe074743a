-- name: insert
INSERT INTO batches (id, account_id, api_key_id, source, mode, sender, scope, text, segments, link_id, keyword,
                     category, on_uncertain, metadata, retry_hours, created_at)
VALUES (:id, :account, :api_key, :source, :mode, :sender, :scope, :text, :segments, :link_id, :keyword,
        :category, :on_uncertain, :metadata, :retry_hours, :now);

-- name: insert (postgres)
INSERT INTO batches (id, account_id, api_key_id, source, mode, sender, scope, text, segments, link_id, keyword,
                     category, on_uncertain, metadata, retry_hours, created_at)
SELECT u.id, :account, u.api_key, u.source, u.mode, u.sender, u.scope, u.text, u.segments, u.link_id, u.keyword,
       u.category, u.on_uncertain, u.metadata, u.retry_hours, :now
  FROM unnest(:id::bigint[], :api_key::bigint[], :source::text[], :mode::text[], :sender::text[], :scope::text[],
              :text::text[], :segments::bigint[], :link_id::text[], :keyword::text[], :category::text[],
              :on_uncertain::text[], :metadata::text[], :retry_hours::bigint[])
       AS u (id, api_key, source, mode, sender, scope, text, segments, link_id, keyword, category, on_uncertain,
             metadata, retry_hours);

-- name: contents
SELECT id, mode, sender, text, link_id, keyword, retry_hours FROM batches WHERE id = ANY (:ids);

-- name: find
SELECT id, source, mode, sender, text, segments, link_id, keyword, category, on_uncertain, metadata,
       retry_hours, created_at
  FROM batches WHERE id = :id AND account_id = :account;

-- name: key_name
SELECT k.name FROM batches b JOIN api_keys k ON k.id = b.api_key_id WHERE b.id = :id;

-- name: counts
SELECT state, count(*) AS number FROM messages WHERE batch_id = :batch GROUP BY state;

-- name: standing
-- One walk over the messages of these batches without sorting them: grouping by state costs half as much again.
SELECT count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
       count(*) FILTER (WHERE state = 'queued') AS queued,
       count(*) FILTER (WHERE state = 'sending') AS sending,
       count(*) FILTER (WHERE state = 'sent') AS sent,
       count(*) FILTER (WHERE state = 'delivered') AS delivered,
       count(*) FILTER (WHERE state = 'undelivered') AS undelivered,
       count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE state = 'blocked') AS blocked,
       count(*) FILTER (WHERE state = 'expired') AS expired,
       count(*) FILTER (WHERE state = 'canceled') AS canceled,
       count(*) FILTER (WHERE state = 'uncertain') AS uncertain,
       sum(cost_micros) AS micros, min(cost_currency) AS currency, max(cost_currency) AS other_currency
  FROM messages WHERE batch_id = ANY (:ids);

-- name: costs
SELECT cost_currency, sum(cost_micros) AS micros FROM messages
 WHERE batch_id = ANY (:ids) AND cost_currency IS NOT NULL GROUP BY cost_currency ORDER BY cost_currency;

-- name: reasons
SELECT state, reason, count(*) AS number FROM messages
 WHERE batch_id = ANY (:ids) AND reason <> '' GROUP BY state, reason ORDER BY number DESC, reason LIMIT :limit;

-- name: cancel
-- Waits for claims, which look at more than they take: what they leave is canceled.
UPDATE messages SET state = 'canceled', reason = :reason, updated_at = :now
 WHERE id IN (SELECT id FROM messages WHERE batch_id = :batch AND state IN ('scheduled', 'queued')
               ORDER BY id FOR UPDATE)
RETURNING id;
