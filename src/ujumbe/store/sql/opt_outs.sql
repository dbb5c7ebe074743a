-- name: insert
INSERT INTO opt_outs (id, account_id, number, sender, scope, source, reason, proof, started_at)
VALUES (:id, :account, :number, :sender, :scope, :source, :reason, :proof, :now)
ON CONFLICT (account_id, number, scope) WHERE ended_at IS NULL DO NOTHING;

-- name: insert (postgres)
INSERT INTO opt_outs (id, account_id, number, sender, scope, source, reason, proof, started_at)
SELECT u.id, :account, u.number, u.sender, u.scope, :source, u.reason, u.proof, :now
  FROM unnest(:id::bigint[], :number::text[], :sender::text[], :scope::text[], :reason::text[], :proof::text[])
       AS u (id, number, sender, scope, reason, proof)
ON CONFLICT (account_id, number, scope) WHERE ended_at IS NULL DO NOTHING;

-- name: inserted
SELECT id FROM opt_outs WHERE id = ANY (:ids) ORDER BY id;

-- name: scopes
SELECT number, scope FROM opt_outs WHERE account_id = :account AND number = ANY (:numbers) AND ended_at IS NULL;

-- name: in_force
SELECT number, sender, source, started_at FROM opt_outs
 WHERE account_id = :account AND number = ANY (:numbers) AND ended_at IS NULL AND scope IN ('', :scope)
 LIMIT 1;

-- name: in_force_among
SELECT DISTINCT number FROM opt_outs
 WHERE account_id = :account AND ended_at IS NULL AND scope IN ('', :scope)
   AND number = ANY (:numbers);

-- name: end
UPDATE opt_outs SET ended_at = :now, ended_by = :by, ended_proof = :proof
 WHERE account_id = :account AND number = ANY (:numbers) AND scope = :scope AND ended_at IS NULL
RETURNING id;

-- name: end_all
UPDATE opt_outs SET ended_at = :now, ended_by = :by, ended_proof = :proof
 WHERE account_id = :account AND number = ANY (:numbers) AND ended_at IS NULL AND started_at <= :until
RETURNING id;

-- name: list
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE +account_id = :account AND ended_at IS NULL AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: history
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE account_id = :account AND number = ANY (:numbers)
 ORDER BY id DESC LIMIT 1000;

-- name: among
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE id = ANY (:ids) AND +account_id = :account;

-- name: export
-- Erased people stand in it only where everything is wanted: no other service can do anything with a mark.
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE +account_id = :account AND id > :after
   AND (:every = 1 OR (ended_at IS NULL AND number NOT LIKE 'erased:%'))
 ORDER BY id LIMIT :limit;

-- name: counts
SELECT source, count(*) FROM opt_outs WHERE account_id = :account AND ended_at IS NULL GROUP BY source;

-- name: look
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof FROM opt_outs
 WHERE +account_id = :account AND id < :before AND id >= :floor AND (:ended = 1 OR ended_at IS NULL)
   AND (:source = '' OR source = :source) AND (:scoped = 0 OR scope = :scope) AND (:ending = '' OR number LIKE :ending)
 ORDER BY id DESC LIMIT :limit;

-- name: look (postgres)
-- Its own LIMIT makes the inner one go by id, whatever is thought of how many rows fit; reading stops with the outer.
SELECT id, number, sender, source, reason, proof, started_at, ended_at, ended_by, ended_proof
  FROM (SELECT * FROM opt_outs WHERE id < :before AND id >= :floor ORDER BY id DESC LIMIT 1000000000) AS latest
 WHERE account_id = :account AND (:ended = 1 OR ended_at IS NULL)
   AND (:source::text = '' OR source = :source) AND (:scoped = 0 OR scope = :scope)
   AND (:ending::text = '' OR number LIKE :ending)
 ORDER BY id DESC LIMIT :limit;

-- name: floor
-- As far as one look reaches. Of whatever account: only ids are walked over.
SELECT id, started_at FROM opt_outs WHERE id < :before ORDER BY id DESC LIMIT 1 OFFSET :reach;

-- name: count
SELECT count(*) FROM (SELECT 1 FROM opt_outs WHERE account_id = :account AND ended_at IS NULL LIMIT :most) AS counted;

-- name: senders
-- Of the latest, whosever: so both databases go by id.
SELECT DISTINCT sender FROM (SELECT account_id, sender FROM opt_outs ORDER BY id DESC LIMIT :latest) AS counted
 WHERE account_id = :account;
