-- What is looked for in searching.py is put together there; here is how long the queues are, up to a bound.

-- name: select
SELECT m.id FROM messages m;

-- name: queued
SELECT count(*) AS n FROM (SELECT 1 FROM messages WHERE account_id = :account AND state = 'queued' LIMIT :most) q;

-- name: scheduled
SELECT count(*) AS n FROM (SELECT 1 FROM messages WHERE account_id = :account AND state = 'scheduled' LIMIT :most) q;
