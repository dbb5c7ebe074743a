-- name: hear
INSERT INTO conversations (id, account_id, number, recipient, state, latest)
VALUES (:inbound, :account, :number, :recipient, :state, :inbound)
ON CONFLICT (account_id, number, recipient) DO UPDATE
   SET state = CASE WHEN excluded.state = 'open' THEN 'open' ELSE conversations.state END, latest = excluded.latest;

-- name: list
SELECT c.id, c.number, c.recipient, c.state, c.latest, i.text, i.received_at, p.fields
  FROM conversations c JOIN inbound i ON i.id = c.latest
  LEFT JOIN contacts p ON p.account_id = c.account_id AND p.number = c.number
 WHERE c.account_id = :account AND c.latest < :before
 ORDER BY c.latest DESC LIMIT :limit;

-- name: list_in
SELECT c.id, c.number, c.recipient, c.state, c.latest, i.text, i.received_at, p.fields
  FROM conversations c JOIN inbound i ON i.id = c.latest
  LEFT JOIN contacts p ON p.account_id = c.account_id AND p.number = c.number
 WHERE c.account_id = :account AND c.state = :state AND c.latest < :before
 ORDER BY c.latest DESC LIMIT :limit;

-- name: of_number
-- Not in the order of the index by latest, which would be walked for it.
SELECT c.id, c.number, c.recipient, c.state, c.latest, i.text, i.received_at, p.fields
  FROM conversations c JOIN inbound i ON i.id = c.latest
  LEFT JOIN contacts p ON p.account_id = c.account_id AND p.number = c.number
 WHERE c.account_id = :account AND c.number = :number
 ORDER BY +c.latest DESC;

-- name: find
SELECT c.id, c.number, c.recipient, c.state, c.latest, i.text, i.received_at, p.fields
  FROM conversations c JOIN inbound i ON i.id = c.latest
  LEFT JOIN contacts p ON p.account_id = c.account_id AND p.number = c.number
 WHERE c.id = :id AND +c.account_id = :account;

-- name: mark
UPDATE conversations SET state = :state
 WHERE account_id = :account AND number = :number AND :recipient IN ('', recipient);

-- name: mark_seen
-- Only while its latest text is the one that was seen.
UPDATE conversations SET state = :state WHERE id = :id AND account_id = :account AND latest = :seen;

-- name: heard
SELECT id, recipient, text, received_at, reply_note, rule, reply_id, task, task_state FROM inbound
 WHERE number = :number AND account_id = :account AND id < :before AND :recipient IN ('', recipient)
 ORDER BY id DESC LIMIT :limit;

-- name: said
SELECT m.id, b.sender, b.text, m.created_at, m.state, m.reason, b.source
  FROM messages m JOIN batches b ON b.id = m.batch_id
 WHERE m.number = :number AND m.account_id = :account AND m.id < :before AND :scope IN ('', m.scope)
 ORDER BY m.id DESC LIMIT :limit;
