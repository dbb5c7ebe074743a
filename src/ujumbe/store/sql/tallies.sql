-- name: standing
SELECT position, back_to, turn, counted_at FROM tallying WHERE account_id = :account;

-- name: enter
INSERT INTO tallying (account_id, position, back_to, turn, leased_until) VALUES (:account, :position, :back_to, 0, 0)
ON CONFLICT (account_id) DO NOTHING;

-- name: begin
-- A lease that ends further ahead than any does was made before the clock was set back.
UPDATE tallying SET turn = turn + 1, leased_until = :until
 WHERE account_id = :account AND (leased_until <= :free OR leased_until > :far)
RETURNING position, back_to, turn, counted_at;

-- name: hold
UPDATE tallying SET leased_until = :until WHERE account_id = :account AND turn = :turn;

-- name: finish
UPDATE tallying SET position = :position, back_to = :back_to, counted_at = :counted_at, leased_until = 0
 WHERE account_id = :account AND turn = :turn;

-- name: first_message
SELECT min(id) AS id FROM messages;

-- name: first_event
SELECT min(seq) AS seq FROM events WHERE seq IS NOT NULL;

-- name: changed
-- The hours of messages that something happened to, in hours since the first id; NULL for what is about none.
SELECT CASE WHEN counted.type = ANY (:types) THEN m.value / :width END AS hour, max(counted.seq + counted.number) - 1 AS seen
  FROM (SELECT seq, number, type, subjects FROM events
         WHERE seq IS NOT NULL AND account_id = :account AND seq + number > :seq + 1
           AND seq >= coalesce((SELECT max(b.seq) FROM events b WHERE b.seq IS NOT NULL AND b.seq <= :seq), 0)
         ORDER BY seq LIMIT :most) AS counted, json_each(counted.subjects) AS m
 GROUP BY 1;

-- name: changed (postgres)
SELECT CASE WHEN counted.type = ANY (:types) THEN CAST(m.value AS BIGINT) / :width END AS hour, max(counted.seq + counted.number) - 1 AS seen
  FROM (SELECT seq, number, type, subjects FROM events
         WHERE seq IS NOT NULL AND account_id = :account AND seq + number > :seq + 1
           AND seq >= coalesce((SELECT max(b.seq) FROM events b WHERE b.seq IS NOT NULL AND b.seq <= :seq), 0)
         ORDER BY seq LIMIT :most) AS counted, json_array_elements_text(CAST(counted.subjects AS json)) AS m (value)
 GROUP BY 1;

-- name: unsettled
SELECT DISTINCT hour FROM tallies
 WHERE account_id = :account
   AND (state = 'scheduled' OR state = 'queued' OR state = 'sending' OR state = 'uncertain')
 ORDER BY hour DESC LIMIT :most;

-- name: edge
-- Where the next piece begins: so many rows of the table's key, and of no row more than that.
SELECT id FROM messages WHERE id >= :first AND id < :following ORDER BY id LIMIT 1 OFFSET :piece;

-- name: messages
-- The plus keeps SQLite from beginning with all messages of the account: what is counted is a piece of the table itself.
SELECT state, network_code,
       CASE WHEN state = 'delivered' AND sent_at IS NOT NULL THEN (updated_at - sent_at + 999) / 1000 ELSE -1 END AS took,
       count(*) AS messages
  FROM messages WHERE id >= :first AND id < :following AND +account_id = :account
 GROUP BY 1, 2, 3;

-- name: spending
SELECT coalesce(a.cost_currency, '') AS currency, CAST(sum(a.cost_micros) AS BIGINT) AS micros
  FROM attempts a JOIN messages m ON m.id = a.message_id
 WHERE a.message_id >= :first AND a.message_id < :following AND +m.account_id = :account AND a.cost_micros <> 0
 GROUP BY 1;

-- name: clear_tallies
DELETE FROM tallies WHERE account_id = :account AND hour >= :first AND hour < :following;

-- name: clear_delivery_times
DELETE FROM delivery_times WHERE account_id = :account AND hour >= :first AND hour < :following;

-- name: clear_spending
DELETE FROM spending WHERE account_id = :account AND hour >= :first AND hour < :following;

-- name: add_tallies
INSERT INTO tallies (account_id, hour, state, network_code, messages)
VALUES (:account, :hour, :state, :network_code, :messages);

-- name: add_tallies (postgres)
INSERT INTO tallies (account_id, hour, state, network_code, messages)
SELECT :account, :hour, u.state, u.network_code, u.messages
  FROM unnest(:state::text[], :network_code::text[], :messages::bigint[]) AS u (state, network_code, messages);

-- name: add_delivery_times
INSERT INTO delivery_times (account_id, hour, network_code, seconds, messages)
VALUES (:account, :hour, :network_code, :seconds, :messages);

-- name: add_delivery_times (postgres)
INSERT INTO delivery_times (account_id, hour, network_code, seconds, messages)
SELECT :account, :hour, u.network_code, u.seconds, u.messages
  FROM unnest(:network_code::text[], :seconds::bigint[], :messages::bigint[]) AS u (network_code, seconds, messages);

-- name: add_spending
INSERT INTO spending (account_id, hour, currency, micros) VALUES (:account, :hour, :currency, :micros);

-- name: add_spending (postgres)
INSERT INTO spending (account_id, hour, currency, micros)
SELECT :account, :hour, u.currency, u.micros FROM unnest(:currency::text[], :micros::bigint[]) AS u (currency, micros);

-- name: by_hour
SELECT hour, state, CAST(sum(messages) AS BIGINT) AS messages FROM tallies
 WHERE account_id = :account AND hour >= :first AND hour < :following
 GROUP BY hour, state;

-- name: by_network
SELECT network_code,
       CAST(sum(CASE WHEN state = 'delivered' THEN messages ELSE 0 END) AS BIGINT) AS delivered,
       CAST(sum(CASE WHEN state = 'undelivered' THEN messages ELSE 0 END) AS BIGINT) AS undelivered
  FROM tallies
 WHERE account_id = :account AND hour >= :first AND hour < :following AND (state = 'delivered' OR state = 'undelivered')
 GROUP BY network_code;

-- name: times
-- Along the key, a sum for each network and step: SQLite would sort all rows for a GROUP BY.
SELECT n.value AS network_code, s.value AS seconds,
       (SELECT sum(t.messages) FROM delivery_times t
         WHERE t.account_id = :account AND t.network_code = n.value AND t.seconds = s.value
           AND t.hour >= :first AND t.hour < :following) AS messages
  FROM json_each(:networks) n, json_each(:steps) s;

-- name: times (postgres)
SELECT network_code, seconds, CAST(sum(messages) AS BIGINT) AS messages FROM delivery_times
 WHERE account_id = :account AND hour >= :first AND hour < :following
 GROUP BY network_code, seconds;

-- name: spent
SELECT currency, CAST(sum(micros) AS BIGINT) AS micros FROM spending
 WHERE account_id = :account AND hour >= :first AND hour < :following
 GROUP BY currency ORDER BY currency;
