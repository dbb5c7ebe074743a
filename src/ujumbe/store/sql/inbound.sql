-- name: insert
INSERT INTO inbound (id, account_id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost,
                     received_at)
VALUES (:id, :account, :provider_id, :number, :recipient, :text, :date, :date_raw, :link_id, :network_code, :cost, :now)
ON CONFLICT (account_id, provider_id) DO NOTHING;

-- name: is_known
SELECT 1 AS found FROM inbound WHERE account_id = :account AND provider_id = :provider_id;

-- name: twin
-- The same text that came the other way, at the same time as AT tells it: in its inbox a text has another id.
SELECT id FROM inbound
 WHERE account_id = :account AND number = ANY (:numbers) AND recipient = :recipient
   AND (text = :text OR number <> :number)
   AND date BETWEEN :first AND :last
   AND CASE WHEN :pulled = 1 THEN inbox_id IS NULL ELSE inbox_id IS NOT NULL AND provider_id LIKE 'inbox-%' END
 ORDER BY id LIMIT 1;

-- name: sender
SELECT number FROM inbound WHERE account_id = :account AND provider_id = :provider_id;

-- name: known_in_inbox
SELECT 1 AS found FROM inbound WHERE account_id = :account AND inbox_id = :inbox_id;

-- name: name_in_inbox
UPDATE inbound SET inbox_id = :inbox_id WHERE id = :id AND inbox_id IS NULL;

-- name: name_by_callback
UPDATE inbound SET provider_id = :provider_id, link_id = :link_id, network_code = :network_code, cost = :cost
 WHERE id = :id;

-- name: answered
UPDATE inbound SET reply_id = :reply, reply_note = :note, rule = :rule, task = :task,
       task_state = CASE WHEN :task = '' THEN '' ELSE 'waiting' END
 WHERE id = :id;

-- name: has_tasks
SELECT 1 AS found FROM inbound WHERE account_id = :account AND task_state = 'waiting' LIMIT 1;

-- name: tasks
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note, rule, task, task_state, task_note
  FROM inbound
 WHERE account_id = :account AND task_state = 'waiting'
 ORDER BY id LIMIT :most
   FOR UPDATE SKIP LOCKED;

-- name: begin_task
UPDATE inbound SET task_state = 'running', task_since = :now WHERE id = ANY (:ids) AND task_state = 'waiting';

-- name: under_way
SELECT id FROM inbound WHERE id = :id AND task_state = 'running' FOR UPDATE;

-- name: end_task
UPDATE inbound SET task_state = :state, task_note = :note, reply_id = coalesce(:reply, reply_id),
       reply_note = CASE WHEN :reply IS NULL THEN :note ELSE '' END
 WHERE id = :id AND task_state = 'running';

-- name: end_task (postgres)
UPDATE inbound SET task_state = :state, task_note = :note, reply_id = coalesce(:reply::bigint, reply_id),
       reply_note = CASE WHEN :reply::bigint IS NULL THEN :note ELSE '' END
 WHERE id = :id AND task_state = 'running';

-- name: give_up_tasks
UPDATE inbound SET task_state = 'failed', task_note = :note, reply_note = :note
 WHERE account_id = :account AND task_state = 'running' AND task_since <= :before;

-- name: rounds
SELECT i.text AS heard, b.text AS answered, m.created_at
  FROM inbound i JOIN messages m ON m.id = i.reply_id JOIN batches b ON b.id = m.batch_id
 WHERE i.account_id = :account AND i.number = :number AND i.recipient = :recipient AND m.created_at > :since
 ORDER BY i.id DESC LIMIT 50;

-- name: list
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note, rule, task, task_state, task_note
  FROM inbound
 WHERE +account_id = :account AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: list_of
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note, rule, task, task_state, task_note
  FROM inbound
 WHERE account_id = :account AND number = :number AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: among
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note, rule, task, task_state, task_note
  FROM inbound
 WHERE id = ANY (:ids) AND +account_id = :account;
