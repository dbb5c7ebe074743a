-- name: insert
INSERT INTO opt_outs (id, account_id, number, sender, scope, source, reason, proof, started_at)
VALUES (:id, :account, :number, :sender, :scope, :source, :reason, :proof, :now)
ON CONFLICT (account_id, number, scope) WHERE ended_at IS NULL DO NOTHING;

-- name: in_force
SELECT number, sender, source, started_at FROM opt_outs
 WHERE account_id = :account AND number = :number AND ended_at IS NULL AND scope IN ('', :scope)
 ORDER BY id LIMIT 1;

-- name: in_force_among
SELECT DISTINCT number FROM opt_outs
 WHERE account_id = :account AND ended_at IS NULL AND scope IN ('', :scope)
   AND number = ANY (:numbers);

-- name: end
UPDATE opt_outs SET ended_at = :now, ended_by = :by, ended_proof = :proof
 WHERE account_id = :account AND number = :number AND scope = :scope AND ended_at IS NULL
RETURNING id;

-- name: end_all
UPDATE opt_outs SET ended_at = :now, ended_by = :by, ended_proof = :proof
 WHERE account_id = :account AND number = :number AND ended_at IS NULL
RETURNING id;

-- name: list
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE +account_id = :account AND ended_at IS NULL AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: history
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE account_id = :account AND number = :number
 ORDER BY id DESC LIMIT 1000;

-- name: among
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE id = ANY (:ids) AND +account_id = :account;
