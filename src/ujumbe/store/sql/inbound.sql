-- name: insert
INSERT INTO inbound (id, account_id, provider_id, number, recipient, text, date, date_raw, link_id, network_code, cost,
                     received_at)
VALUES (:id, :account, :provider_id, :number, :recipient, :text, :date, :date_raw, :link_id, :network_code, :cost, :now)
ON CONFLICT (account_id, provider_id) DO NOTHING;

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
