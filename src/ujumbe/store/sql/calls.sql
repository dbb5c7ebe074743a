-- name: insert
INSERT INTO calls (id, account_id, verdict, recipients, lease_until, started_at)
VALUES (:id, :account, 'open', :recipients, :lease_until, :now);

-- name: insert (postgres)
INSERT INTO calls (id, account_id, verdict, recipients, lease_until, started_at)
SELECT u.id, :account, 'open', u.recipients, :lease_until, :now
  FROM unnest(:id::bigint[], :recipients::bigint[]) AS u (id, recipients);

-- name: insert_attempt
INSERT INTO attempts (message_id, call_id, number, state)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), 'open'
  FROM json_each(:rows);

-- name: insert_attempt (postgres)
INSERT INTO attempts (message_id, call_id, number, state)
SELECT u.message, u.call, u.number, 'open'
  FROM unnest(:message::bigint[], :call::bigint[], :number::text[]) AS u (message, call, number);

-- name: finish
UPDATE calls
   SET verdict = :verdict, finished_at = :now, http_status = :http_status, summary = :summary, reply = :reply
 WHERE id = :id;

-- name: finish (postgres)
UPDATE calls c
   SET verdict = u.verdict, finished_at = :now, http_status = u.http_status, summary = u.summary, reply = u.reply
  FROM unnest(:id::bigint[], :verdict::text[], :http_status::bigint[], :summary::text[], :reply::text[])
       AS u (id, verdict, http_status, summary, reply)
 WHERE c.id = u.id;

-- name: settle_attempt
UPDATE attempts
   SET state = :state, provider_id = coalesce(:provider_id, provider_id), code = :code, status = :status,
       parts = :parts, cost_micros = :cost_micros, cost_currency = :cost_currency,
       inferred = CASE WHEN :provider_id IS NULL THEN inferred ELSE 0 END
 WHERE message_id = :message AND call_id = :call;

-- name: settle_attempt (postgres)
UPDATE attempts a
   SET state = u.state, provider_id = coalesce(u.provider_id, a.provider_id), code = u.code, status = u.status,
       parts = u.parts, cost_micros = u.cost_micros, cost_currency = u.cost_currency,
       inferred = CASE WHEN u.provider_id IS NULL THEN a.inferred ELSE 0 END
  FROM unnest(:message::bigint[], :call::bigint[], :state::text[], :provider_id::text[], :code::bigint[],
              :status::text[], :parts::bigint[], :cost_micros::bigint[], :cost_currency::text[])
       AS u (message, call, state, provider_id, code, status, parts, cost_micros, cost_currency)
 WHERE a.message_id = u.message AND a.call_id = u.call;

-- name: take_attempt
UPDATE attempts
   SET state = 'taken', provider_id = :provider_id, inferred = 0, code = :code, status = :status, parts = :parts,
       cost_micros = :cost_micros, cost_currency = :cost_currency
 WHERE message_id = :message AND call_id = :call;

-- name: take_attempt (postgres)
UPDATE attempts a
   SET state = 'taken', provider_id = u.provider_id, inferred = 0, code = u.code, status = u.status, parts = u.parts,
       cost_micros = u.cost_micros, cost_currency = u.cost_currency
  FROM unnest(:message::bigint[], :call::bigint[], :provider_id::text[], :code::bigint[], :status::text[],
              :parts::bigint[], :cost_micros::bigint[], :cost_currency::text[])
       AS u (message, call, provider_id, code, status, parts, cost_micros, cost_currency)
 WHERE a.message_id = u.message AND a.call_id = u.call;

-- name: infer
UPDATE attempts SET provider_id = :provider_id, inferred = 1
 WHERE message_id = :message AND call_id = :call AND state = 'uncertain' AND provider_id IS NULL;

-- name: known
-- The plus keeps SQLite from beginning with all messages of the account.
SELECT DISTINCT a.provider_id FROM attempts a JOIN messages m ON m.id = a.message_id
 WHERE a.provider_id = ANY (:provider_ids) AND +m.account_id = :account;

-- name: abandon
-- Guarded: whoever owned the call may be recording its end at this moment.
UPDATE calls SET verdict = 'maybe_taken', finished_at = :now, summary = :summary
 WHERE id IN (SELECT id FROM calls
               WHERE account_id = :account AND verdict = 'open' AND lease_until <= :before
               ORDER BY id LIMIT :most)
RETURNING id;

-- name: abandon (postgres)
-- WITH, since PostgreSQL may run a subquery behind IN several times, and each run would lock others.
WITH picked AS (
    SELECT id FROM calls WHERE account_id = :account AND verdict = 'open' AND lease_until <= :before
     ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE calls SET verdict = 'maybe_taken', finished_at = :now, summary = :summary WHERE id IN (SELECT id FROM picked)
RETURNING id;

-- name: latest
SELECT message_id, max(call_id) AS call_id FROM attempts WHERE message_id = ANY (:ids) GROUP BY message_id;

-- name: doubts
SELECT message_id, count(*) AS number FROM attempts
 WHERE message_id = ANY (:ids) AND state IN ('open', 'uncertain') GROUP BY message_id;

-- name: open_of
SELECT message_id, call_id, number FROM attempts WHERE call_id = ANY (:calls) AND state = 'open' ORDER BY message_id;

-- name: of_message
SELECT c.id, c.recipients, c.started_at, c.finished_at, c.http_status, c.summary, c.reply,
       a.state, a.provider_id, a.code, a.status, a.parts, a.cost_micros, a.cost_currency, a.inferred
  FROM attempts a JOIN calls c ON c.id = a.call_id
 WHERE a.message_id = :message
 ORDER BY c.id;

-- name: in_flight
SELECT count(*) AS calls, coalesce(sum(recipients), 0) AS numbers FROM calls
 WHERE account_id = :account AND verdict = 'open';
