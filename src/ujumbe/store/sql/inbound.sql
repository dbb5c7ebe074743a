-- name: insert
INSERT INTO inbound (id, account_id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost,
                     received_at)
VALUES (:id, :account, :provider_id, :number, :recipient, :text, :date, :date_raw, :link_id, :network_code, :cost, :now)
ON CONFLICT (account_id, provider_id) DO NOTHING;

-- name: twin
-- The same text that came the other way, at the same time as AT tells it: in its inbox a text has another id.
SELECT id FROM inbound
 WHERE account_id = :account AND number = :number AND recipient = :recipient AND text = :text
   AND date BETWEEN :first AND :last
   AND CASE WHEN :pulled = 1 THEN inbox_id IS NULL ELSE inbox_id IS NOT NULL AND provider_id LIKE 'inbox-%' END
 ORDER BY id LIMIT 1;

-- name: known_in_inbox
SELECT 1 AS found FROM inbound WHERE account_id = :account AND inbox_id = :inbox_id;

-- name: name_in_inbox
UPDATE inbound SET inbox_id = :inbox_id WHERE id = :id AND inbox_id IS NULL;

-- name: name_by_callback
UPDATE inbound SET provider_id = :provider_id, link_id = :link_id, network_code = :network_code, cost = :cost
 WHERE id = :id;

-- name: answered
UPDATE inbound SET reply_id = :reply, reply_note = :note WHERE id = :id;

-- name: rounds
SELECT i.text AS heard, b.text AS answered, m.created_at
  FROM inbound i JOIN messages m ON m.id = i.reply_id JOIN batches b ON b.id = m.batch_id
 WHERE i.account_id = :account AND i.number = :number AND i.recipient = :recipient AND m.created_at > :since
 ORDER BY i.id DESC LIMIT 50;

-- name: list
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note
  FROM inbound
 WHERE +account_id = :account AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: list_of
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note
  FROM inbound
 WHERE account_id = :account AND number = :number AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: among
SELECT id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost, received_at, reply_id,
       reply_note
  FROM inbound
 WHERE id = ANY (:ids) AND +account_id = :account;
