-- name: insert
INSERT INTO decisions (id, message_id, rule, state, note, made_at) VALUES (:id, :message, :rule, :state, :note, :now);

-- name: insert (postgres)
INSERT INTO decisions (id, message_id, rule, state, note, made_at)
SELECT u.id, u.message, u.rule, u.state, u.note, :now
  FROM unnest(:id::bigint[], :message::bigint[], :rule::text[], :state::text[], :note::text[])
       AS u (id, message, rule, state, note);

-- name: of_message
SELECT rule, state, note, made_at FROM decisions WHERE message_id = :message ORDER BY id;
