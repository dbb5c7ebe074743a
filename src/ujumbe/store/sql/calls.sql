-- name: insert
INSERT INTO calls (id, account_id, node, verdict, recipients, lease_until, started_at)
VALUES (:id, :account, :node, 'open', :recipients, :lease_until, :now);

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
SELECT message_id, call_id FROM attempts WHERE provider_id = :provider_id AND number = :number
UNION ALL
-- AT's ids are its own: should a report echo the number in another form, the id alone still tells.
SELECT message_id, call_id FROM attempts WHERE provider_id = :provider_id AND number <> :number
 LIMIT 1;

-- name: open_before
SELECT id, lease_until FROM calls WHERE account_id = :account AND verdict = 'open' AND lease_until <= :before;

-- name: of_call
SELECT message_id, number FROM attempts WHERE call_id = :call AND state = 'open';

-- name: of_message
SELECT c.id, c.verdict, c.recipients, c.started_at, c.finished_at, c.http_status, c.summary, c.reply,
       a.state, a.provider_id, a.code, a.status, a.parts, a.cost_micros, a.cost_currency
  FROM attempts a JOIN calls c ON c.id = a.call_id
 WHERE a.message_id = :message
 ORDER BY c.id;
