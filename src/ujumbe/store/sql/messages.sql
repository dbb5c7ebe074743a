-- name: standings
-- Locked in the order of ids, so that two who want some of the same never wait for each other in a ring.
SELECT m.id, m.account_id, m.number, m.state, m.assumed, m.progress, m.tries, m.expires_at, m.sent_at, m.network_code,
       b.sender, b.source, b.on_uncertain, b.keyword
  FROM messages m JOIN batches b ON b.id = m.batch_id
 WHERE m.id = ANY (:ids)
 ORDER BY m.id
   FOR NO KEY UPDATE OF m;

-- name: reported
-- The plus keeps SQLite from beginning with all messages of the account.
SELECT a.provider_id, a.number, a.call_id,
       m.id, m.account_id, m.number, m.state, m.assumed, m.progress, m.tries, m.expires_at, m.sent_at, m.network_code,
       b.sender, b.source, b.on_uncertain, b.keyword
  FROM attempts a JOIN messages m ON m.id = a.message_id JOIN batches b ON b.id = m.batch_id
 WHERE a.provider_id = ANY (:provider_ids) AND +m.account_id = :account
 ORDER BY m.id
   FOR NO KEY UPDATE OF m;

-- name: move
-- Guarded by the state that the decision was made on: nothing is decided on a stale reading.
UPDATE messages
   SET state = :state, assumed = :assumed, reason = coalesce(:reason, reason), due_at = coalesce(:due, due_at),
       progress = coalesce(:progress, progress), network_code = coalesce(:network_code, network_code),
       cost_micros = coalesce(:cost_micros, cost_micros), cost_currency = coalesce(:cost_currency, cost_currency),
       sent_at = coalesce(sent_at, CASE WHEN :state IN ('sent', 'delivered', 'undelivered') THEN :now END),
       overdue = CASE WHEN :state = 'sent' THEN overdue ELSE 0 END, updated_at = :now
 WHERE id = :id AND state = :was;

-- name: move (postgres)
UPDATE messages m
   SET state = u.state, assumed = u.assumed, reason = coalesce(u.reason, m.reason), due_at = coalesce(u.due, m.due_at),
       progress = coalesce(u.progress, m.progress), network_code = coalesce(u.network_code, m.network_code),
       cost_micros = coalesce(u.cost_micros, m.cost_micros),
       cost_currency = coalesce(u.cost_currency, m.cost_currency),
       sent_at = coalesce(m.sent_at, CASE WHEN u.state IN ('sent', 'delivered', 'undelivered') THEN :now::bigint END),
       overdue = CASE WHEN u.state = 'sent' THEN m.overdue ELSE 0 END, updated_at = :now
  FROM unnest(:id::bigint[], :was::text[], :state::text[], :assumed::bigint[], :reason::text[], :due::bigint[],
              :progress::text[], :network_code::text[], :cost_micros::bigint[], :cost_currency::text[])
       AS u (id, was, state, assumed, reason, due, progress, network_code, cost_micros, cost_currency)
 WHERE m.id = u.id AND m.state = u.was;

-- name: take
-- The usual way of nearly every message, without a look at where it stands: guarded all the same.
UPDATE messages
   SET state = 'sent', assumed = 0, cost_micros = :cost_micros, cost_currency = :cost_currency,
       sent_at = coalesce(sent_at, :now), updated_at = :now
 WHERE id = ANY (:ids) AND state = 'sending'
RETURNING id;

-- name: unsettled
-- Texts to a number of which nobody knows what became: on their way, uncertain, or with an end that is only assumed.
SELECT m.id, a.call_id, a.state, c.started_at
  FROM messages m JOIN attempts a ON a.message_id = m.id JOIN calls c ON c.id = a.call_id
 WHERE m.account_id = :account AND m.number = :number AND m.id > :since
   AND a.provider_id IS NULL AND a.state IN ('open', 'uncertain')
 ORDER BY a.call_id;

-- name: quiet
-- Sent and without a final report, oldest first from where the last look ended.
SELECT id, network_code, sent_at FROM messages
 WHERE account_id = :account AND state = 'sent' AND id > :after AND id < :before AND overdue = 0
   AND sent_at IS NOT NULL
 ORDER BY id LIMIT :most;

-- name: mark_overdue
UPDATE messages SET overdue = 1 WHERE id = ANY (:ids) AND state = 'sent' AND overdue = 0 RETURNING id;

-- name: select
SELECT m.id, m.batch_id, m.number, m.state, m.assumed, m.reason, m.due_at, m.expires_at, m.tries,
       (SELECT a.provider_id FROM attempts a WHERE a.message_id = m.id AND a.provider_id IS NOT NULL
         ORDER BY a.call_id DESC LIMIT 1) AS provider_id,
       m.progress, m.network_code, m.cost_micros, m.cost_currency, m.created_at, m.updated_at, m.sent_at, m.overdue,
       b.sender, b.text, b.mode, b.source, b.segments, b.category, b.link_id, b.keyword, b.retry_hours
  FROM messages m JOIN batches b ON b.id = m.batch_id;

-- name: among
SELECT m.id, m.batch_id, m.number, m.state, m.assumed, m.reason, m.due_at, m.expires_at, m.tries,
       (SELECT a.provider_id FROM attempts a WHERE a.message_id = m.id AND a.provider_id IS NOT NULL
         ORDER BY a.call_id DESC LIMIT 1) AS provider_id,
       m.progress, m.network_code, m.cost_micros, m.cost_currency, m.created_at, m.updated_at, m.sent_at, m.overdue,
       b.sender, b.text, b.mode, b.source, b.segments, b.category, b.link_id, b.keyword, b.retry_hours
  FROM messages m JOIN batches b ON b.id = m.batch_id
 WHERE m.id = ANY (:ids) AND +m.account_id = :account
 ORDER BY m.id DESC;

-- name: any_uncertain
SELECT 1 AS found FROM messages WHERE account_id = :account AND state = 'uncertain' LIMIT 1;

-- name: attention
SELECT (SELECT count(*) FROM messages WHERE account_id = :account AND state = 'uncertain') AS uncertain,
       (SELECT count(*) FROM messages WHERE account_id = :account AND state = 'sent' AND overdue = 1) AS overdue;

-- name: told
-- What events tell of messages.
SELECT m.id, m.batch_id, m.number, m.state, m.reason, m.network_code, m.cost_micros, m.cost_currency,
       b.sender, b.mode, b.metadata, b.segments
  FROM messages m JOIN batches b ON b.id = m.batch_id
 WHERE m.id = ANY (:ids) AND +m.account_id = :account;
