-- What an erasure changes, a page at a time. `:mark` stands in place of `:number` afterwards.

-- name: key
SELECT key FROM erasure WHERE log = 1;

-- name: make_key
INSERT INTO erasure (log, key, made_at) VALUES (1, :key, :now) ON CONFLICT (log) DO NOTHING;

-- name: cancel
UPDATE messages SET state = 'canceled', reason = :reason, updated_at = :now
 WHERE id IN (SELECT id FROM messages
               WHERE number = :number AND account_id = :account AND state IN ('scheduled', 'queued')
               ORDER BY id LIMIT :most FOR UPDATE)
RETURNING id;

-- name: opt_outs
-- What an operator wrote may name the person; the other reasons are words of ours or of AT's.
UPDATE opt_outs
   SET number = :mark, proof = '', ended_proof = '',
       reason = CASE WHEN source IN ('operator', 'import') THEN '' ELSE reason END
 WHERE number = :number AND account_id = :account;

-- name: messages
SELECT id, batch_id, created_at FROM messages
 WHERE number = :number AND account_id = :account
 ORDER BY id LIMIT :most FOR UPDATE;

-- name: attempts
UPDATE attempts SET number = :mark WHERE message_id = ANY (:ids);

-- name: own_batches
-- A batch that went to nobody else (or to others who were erased) is theirs alone.
UPDATE batches SET text = '', metadata = '{}'
 WHERE id = ANY (:batches)
   AND NOT EXISTS (SELECT 1 FROM messages m
                    WHERE m.batch_id = batches.id AND m.number <> :number AND m.number NOT LIKE 'erased:%');

-- name: shared_batches
UPDATE batches SET metadata = replace(replace(metadata, '+' || :digits, :mark), :digits, :mark)
 WHERE id = ANY (:batches) AND metadata LIKE '%' || :digits || '%';

-- name: hide_messages
UPDATE messages SET number = :mark, reason = CASE WHEN reason LIKE '%' || :digits || '%' THEN '' ELSE reason END
 WHERE id = ANY (:ids);

-- name: calls
-- An answer that could not be read is kept from its beginning, numbers and all.
UPDATE calls
   SET reply = '', summary = CASE WHEN summary LIKE '%' || :digits || '%' THEN '' ELSE summary END
 WHERE id IN (SELECT a.call_id FROM messages m JOIN attempts a ON a.message_id = m.id
               WHERE m.number = :mark AND m.account_id = :account)
   AND (reply <> '' OR summary LIKE '%' || :digits || '%');

-- name: reports
SELECT c.id, c.kind, c.query, c.content_type, c.body
  FROM messages m JOIN callbacks c ON c.message_id = m.id
 WHERE m.number = :mark AND m.account_id = :account AND c.number <> :mark
 ORDER BY c.id LIMIT :most;

-- name: waiting
SELECT id, kind, query, content_type, body FROM callbacks
 WHERE number = ANY (:spellings) AND message_id IS NULL AND account_id = :account AND state = 'waiting'
 ORDER BY id LIMIT :most;

-- name: hide_callback
UPDATE callbacks SET query = :query, content_type = :content_type, body = :body, number = :number WHERE id = :id;

-- name: hide_callback (postgres)
UPDATE callbacks c SET query = u.query, content_type = u.content_type, body = u.body, number = u.number
  FROM unnest(:id::bigint[], :query::bytea[], :content_type::text[], :body::bytea[], :number::text[])
       AS u (id, query, content_type, body, number)
 WHERE c.id = u.id;

-- name: callbacks
DELETE FROM callbacks
 WHERE id IN (SELECT id FROM callbacks
               WHERE number = ANY (:spellings) AND message_id IS NULL AND account_id = :account AND state <> 'waiting'
               ORDER BY id LIMIT :most);

-- name: reviews
DELETE FROM reviews WHERE number = :number AND account_id = :account;

-- name: conversations
DELETE FROM conversations WHERE number = :number AND account_id = :account;

-- name: contacts
DELETE FROM contacts WHERE number = :number AND account_id = :account;

-- name: subscriptions
-- One that runs ends here: nothing can be sent to a mark. (AT goes on with it until it is told.)
SELECT id, ended_at FROM subscriptions WHERE number = :number AND account_id = :account ORDER BY id LIMIT :most FOR UPDATE;

-- name: hide_subscriptions
UPDATE subscriptions
   SET number = :mark, ended_at = coalesce(ended_at, :now),
       ended_source = CASE WHEN ended_at IS NULL THEN 'api' ELSE ended_source END
 WHERE id = ANY (:ids);

-- name: inbound
-- The row stays with AT's ids: by them a text that AT sends again is known.
UPDATE inbound
   SET number = :mark, text = '', task_note = '',
       reply_note = CASE WHEN reply_note LIKE '%' || :digits || '%' THEN '' ELSE reply_note END,
       task_state = CASE WHEN task_state IN ('waiting', 'running') THEN 'failed' ELSE task_state END
 WHERE id IN (SELECT id FROM inbound WHERE number = :number AND account_id = :account ORDER BY id LIMIT :most FOR UPDATE);

-- name: strange_callbacks
-- What could not be read stands under no number: it is looked through.
DELETE FROM callbacks
 WHERE id IN (SELECT id FROM callbacks
               WHERE number = '' AND message_id IS NULL AND account_id = :account
                 AND (instr(body, :digits) > 0 OR instr(query, :digits) > 0)
               ORDER BY id LIMIT :most);

-- name: strange_callbacks (postgres)
DELETE FROM callbacks
 WHERE id IN (SELECT id FROM callbacks
               WHERE number = '' AND message_id IS NULL AND account_id = :account
                 AND (position(:digits::bytea IN body) > 0 OR position(:digits::bytea IN query) > 0)
               ORDER BY id LIMIT :most);

-- name: told
-- What receivers of webhooks answered about this person, or with this number.
UPDATE delivery_attempts SET body = ''
 WHERE body <> ''
   AND (body LIKE '%' || :digits || '%'
        OR delivery_id IN (SELECT d.id FROM deliveries d
                            WHERE d.subject IN (SELECT id FROM messages WHERE number = :mark AND account_id = :account
                                                UNION ALL
                                                SELECT id FROM inbound WHERE number = :mark AND account_id = :account
                                                UNION ALL
                                                SELECT id FROM opt_outs WHERE number = :mark AND account_id = :account
                                                UNION ALL
                                                SELECT id FROM subscriptions
                                                 WHERE number = :mark AND account_id = :account)));

-- name: ended_lately
SELECT 1 AS found FROM subscriptions
 WHERE account_id = :account AND number = :mark AND short_code = :short_code AND lower(keyword) = lower(:keyword)
   AND ended_at >= :since LIMIT 1;
