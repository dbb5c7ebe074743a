-- name: insert
-- One statement for all rows of a batch: several times faster than one each.
INSERT INTO messages (id, account_id, batch_id, number, state, reason, priority, due_at, expires_at, tries, created_at,
                      updated_at)
SELECT json_extract(value, '$[0]'), :account, :batch, json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), :priority, :due, :expires, :tries, :now, :now
  FROM json_each(:rows);

-- name: fall_due
UPDATE messages SET state = 'queued', updated_at = :now
 WHERE account_id = :account AND state = 'scheduled' AND due_at <= :now;

-- name: expire
UPDATE messages SET state = 'expired', reason = :reason, updated_at = :now
 WHERE account_id = :account AND state = 'queued' AND expires_at <= :now;

-- name: due
-- Only the head of the queue is looked at, so that a claim costs the same however long the queue is. Consent is asked
-- here, at the last moment: an opt-out may have come after the message was accepted. The plus keeps SQLite from taking
-- the index by due_at, which would sort the whole queue in each claim.
SELECT m.id, m.number, m.expires_at, b.mode, b.sender, b.text, b.link_id, b.keyword,
       EXISTS (SELECT 1 FROM opt_outs o
                WHERE o.account_id = m.account_id AND o.number = m.number AND o.ended_at IS NULL
                  AND o.scope IN ('', b.scope)) AS opted_out
  FROM messages m JOIN batches b ON b.id = m.batch_id
 WHERE m.account_id = :account AND m.state = 'queued' AND +m.due_at <= :now
 ORDER BY m.priority DESC, m.due_at, m.id LIMIT :most;

-- name: set_aside
UPDATE messages SET state = :state, reason = :reason, updated_at = :now
 WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'queued';

-- name: take
UPDATE messages SET state = 'sending', tries = tries + 1, reason = '', updated_at = :now
 WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'queued'
RETURNING id;

-- name: next_due
SELECT min(due) AS due
  FROM (SELECT min(due_at) AS due FROM messages WHERE account_id = :account AND state = 'queued'
        UNION ALL
        SELECT min(due_at) FROM messages WHERE account_id = :account AND state = 'scheduled');

-- name: standing
SELECT m.id, m.account_id, m.number, m.state, m.assumed, m.progress, m.tries, m.expires_at, b.sender, b.source,
       b.on_uncertain
  FROM messages m JOIN batches b ON b.id = m.batch_id
 WHERE m.id = :id;

-- name: standings_of_call
SELECT m.id, m.account_id, m.number, m.state, m.assumed, m.progress, m.tries, m.expires_at, b.sender, b.source,
       b.on_uncertain
  FROM attempts a JOIN messages m ON m.id = a.message_id JOIN batches b ON b.id = m.batch_id
 WHERE a.call_id = :call;

-- name: move
-- Guarded by the state that the decision was made on: nothing is decided on a stale reading.
UPDATE messages
   SET state = :state, assumed = :assumed, reason = :reason, due_at = coalesce(:due, due_at),
       provider_id = coalesce(:provider_id, provider_id), progress = coalesce(:progress, progress),
       network_code = coalesce(:network_code, network_code), cost_micros = coalesce(:cost_micros, cost_micros),
       cost_currency = coalesce(:cost_currency, cost_currency), updated_at = :now
 WHERE id = :id AND state = :was;

-- name: annotate
-- What a report adds to a message that stays in its state.
UPDATE messages
   SET provider_id = coalesce(:provider_id, provider_id), progress = coalesce(:progress, progress),
       network_code = coalesce(:network_code, network_code), cost_micros = coalesce(:cost_micros, cost_micros),
       cost_currency = coalesce(:cost_currency, cost_currency), updated_at = :now
 WHERE id = :id;

-- name: select
SELECT m.id, m.batch_id, m.number, m.state, m.assumed, m.reason, m.due_at, m.expires_at, m.tries, m.provider_id,
       m.progress, m.network_code, m.cost_micros, m.cost_currency, m.created_at, m.updated_at,
       b.sender, b.text, b.mode, b.source, b.segments, b.category, b.link_id
  FROM messages m JOIN batches b ON b.id = m.batch_id;
