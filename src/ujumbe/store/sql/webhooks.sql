-- name: insert
INSERT INTO webhooks (id, account_id, url, types, secret, position, created_at)
VALUES (:id, :account, :url, :types, :secret, :position, :now);

-- name: list
SELECT id, url, types, secret, old_secret, old_until, position, failing_since, disabled_at, disabled_reason, created_at
  FROM webhooks WHERE account_id = :account AND deleted_at IS NULL ORDER BY id;

-- name: find
SELECT id, url, types, secret, old_secret, old_until, position, failing_since, disabled_at, disabled_reason, created_at
  FROM webhooks WHERE id = :id AND account_id = :account AND deleted_at IS NULL;

-- name: retype
UPDATE webhooks SET types = :types WHERE id = :id AND account_id = :account AND deleted_at IS NULL;

-- name: enable
UPDATE webhooks SET disabled_at = NULL, disabled_reason = '', failing_since = NULL
 WHERE id = :id AND account_id = :account AND deleted_at IS NULL AND disabled_at IS NOT NULL;

-- name: disable
UPDATE webhooks SET disabled_at = :now, disabled_reason = :reason
 WHERE id = :id AND account_id = :account AND deleted_at IS NULL AND disabled_at IS NULL;

-- name: rotate
UPDATE webhooks SET old_secret = secret, old_until = :until, secret = :secret
 WHERE id = :id AND account_id = :account AND deleted_at IS NULL;

-- name: delete
UPDATE webhooks SET deleted_at = :now, secret = '', old_secret = '', old_until = 0
 WHERE id = :id AND account_id = :account AND deleted_at IS NULL;

-- name: advance
-- Guarded by where it stood: of two processes that read the same events, one makes deliveries of them.
UPDATE webhooks SET position = :position WHERE id = :id AND position = :was AND deleted_at IS NULL;

-- name: succeeded
UPDATE webhooks SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL;

-- name: failed
UPDATE webhooks SET failing_since = coalesce(failing_since, :now) WHERE id = :id RETURNING failing_since;

-- name: standing
SELECT coalesce(sum(CASE WHEN failing_since IS NOT NULL AND disabled_at IS NULL THEN 1 ELSE 0 END), 0) AS failing,
       coalesce(sum(CASE WHEN disabled_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS disabled
  FROM webhooks WHERE account_id = :account AND deleted_at IS NULL;

-- name: forget
DELETE FROM webhooks WHERE deleted_at IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = webhooks.id);

-- name: lowest_position
SELECT min(position) FROM webhooks WHERE deleted_at IS NULL;
