-- name: find
SELECT failures, last_at FROM sign_in_tries WHERE subject = :subject;

-- name: put
INSERT INTO sign_in_tries (subject, failures, last_at) VALUES (:subject, :failures, :last)
    ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at;

-- name: clear
DELETE FROM sign_in_tries WHERE subject = :subject;

-- name: forget
DELETE FROM sign_in_tries WHERE last_at < :before;
