-- name: list
SELECT id, position, name, action, keywords, anywhere, short_code, template, product, updated_at FROM rules
 WHERE account_id = :account ORDER BY position, id;

-- name: find
SELECT id, position, name, action, keywords, anywhere, short_code, template, product, updated_at FROM rules
 WHERE account_id = :account AND id = :id;

-- name: put
INSERT INTO rules (id, account_id, position, name, action, keywords, anywhere, short_code, template, product,
                   created_at, updated_at)
VALUES (:id, :account, :position, :name, :action, :keywords, :anywhere, :short_code, :template, :product, :now, :now)
ON CONFLICT (id) DO UPDATE
   SET position = excluded.position, name = excluded.name, action = excluded.action, keywords = excluded.keywords,
       anywhere = excluded.anywhere, short_code = excluded.short_code, template = excluded.template,
       product = excluded.product, updated_at = excluded.updated_at;

-- name: place
UPDATE rules SET position = :position WHERE id = :id;

-- name: place (postgres)
UPDATE rules r SET position = u.position FROM unnest(:id::bigint[], :position::bigint[]) AS u (id, position)
 WHERE r.id = u.id;

-- name: remove
DELETE FROM rules WHERE account_id = :account AND id = :id;
