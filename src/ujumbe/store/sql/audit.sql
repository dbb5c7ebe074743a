-- name: insert
INSERT INTO audit (id, account_id, user_id, actor, action, subject, detail, made_at)
VALUES (:id, :account, :user, :actor, :action, :subject, :detail, :now);

-- name: list
SELECT id, user_id, actor, action, subject, detail, made_at FROM audit
 WHERE account_id = :account AND id < :before ORDER BY id DESC LIMIT :limit;

-- name: of_subject
-- The partial index counts only where the statement itself says that there is a subject.
SELECT id, user_id, actor, action, subject, detail, made_at FROM audit
 WHERE account_id = :account AND subject = :subject AND subject <> '' ORDER BY id DESC LIMIT :limit;
