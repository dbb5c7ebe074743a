-- name: insert
INSERT INTO reviews (id, account_id, inbound_id, number, why, made_at)
VALUES (:id, :account, :inbound, :number, :why, :now);

-- name: open
SELECT r.id, r.inbound_id, r.number, i.text, r.why, r.made_at FROM reviews r JOIN inbound i ON i.id = r.inbound_id
 WHERE r.account_id = :account AND r.decision = '' AND r.id < :before
 ORDER BY r.id DESC LIMIT :limit;

-- name: find
SELECT r.id, r.inbound_id, r.number, i.text, r.why, r.made_at FROM reviews r JOIN inbound i ON i.id = r.inbound_id
 WHERE r.id = :id AND r.account_id = :account AND r.decision = '';

-- name: decide
UPDATE reviews SET decision = :decision, decided_by = :by, decided_at = :now
 WHERE id = :id AND account_id = :account AND decision = '';

-- name: waiting
SELECT count(*) FROM reviews WHERE account_id = :account AND decision = '';
