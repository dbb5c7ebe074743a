-- name: insert
INSERT INTO calls (id, account_id, verdict, recipients, lease_until, started_at)
VALUES (:id, :account, 'open', :recipients, :lease_until, :now);

-- name: insert_attempt
INSERT INTO attempts (message_id, call_id, number, state) VALUES (:message, :call, :number, 'open');

-- name: finish
UPDATE calls
   SET verdict = :verdict, finished_at = :now, http_status = :http_status, summary = :summary, reply = :reply
 WHERE id = :id;

-- name: settle_attempt
UPDATE attempts
   SET state = :state, provider_id = coalesce(:provider_id, provider_id), code = :code, status = :status,
       parts = :parts, cost_micros = :cost_micros, cost_currency = :cost_currency
 WHERE message_id = :message AND call_id = :call;

-- name: by_provider_id
-- The number only decides between several: should a report spell it in another way, the id alone still tells.
SELECT a.message_id FROM attempts a JOIN messages m ON m.id = a.message_id
 WHERE a.provider_id = :provider_id AND m.account_id = :account
 ORDER BY a.number <> :number, a.call_id DESC
 LIMIT 1;

-- name: open_before
SELECT id FROM calls WHERE account_id = :account AND verdict = 'open' AND lease_until <= :before;

-- name: latest
SELECT max(call_id) AS call_id FROM attempts WHERE message_id = :message;

-- name: of_call
SELECT message_id, number FROM attempts WHERE call_id = :call AND state = 'open';

-- name: of_message
SELECT c.id, c.recipients, c.started_at, c.finished_at, c.http_status, c.summary, c.reply,
       a.state, a.provider_id, a.code, a.status, a.parts, a.cost_micros, a.cost_currency
  FROM attempts a JOIN calls c ON c.id = a.call_id
 WHERE a.message_id = :message
 ORDER BY c.id;
