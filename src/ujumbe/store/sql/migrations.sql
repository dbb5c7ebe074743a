-- name: latest
SELECT number, name, applied_at FROM migrations ORDER BY number DESC LIMIT 1;
