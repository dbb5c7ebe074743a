-- name: start
INSERT INTO subscriptions (id, account_id, number, short_code, keyword, source, started_at)
VALUES (:id, :account, :number, :short_code, :keyword, :source, :now)
ON CONFLICT (account_id, number, short_code, lower(keyword)) WHERE ended_at IS NULL DO NOTHING;

-- name: start (postgres)
INSERT INTO subscriptions (id, account_id, number, short_code, keyword, source, started_at)
SELECT u.id, :account, u.number, :short_code, :keyword, :source, :now
  FROM unnest(:id::bigint[], :number::text[]) AS u (id, number)
ON CONFLICT (account_id, number, short_code, lower(keyword)) WHERE ended_at IS NULL DO NOTHING;

-- name: live_among
SELECT number FROM subscriptions
 WHERE account_id = :account AND number = ANY (:numbers) AND short_code = :short_code
   AND lower(keyword) = lower(:keyword) AND ended_at IS NULL;

-- name: end
UPDATE subscriptions SET ended_at = :now, ended_source = :source
 WHERE account_id = :account AND number = :number AND short_code = :short_code
   AND lower(keyword) = lower(:keyword) AND ended_at IS NULL AND started_at < :before
RETURNING id;

-- name: end_these
UPDATE subscriptions SET ended_at = :now, ended_source = :source
 WHERE id = ANY (:ids) AND account_id = :account AND ended_at IS NULL
RETURNING id;

-- name: live
SELECT id, number, keyword, started_at FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) = lower(:keyword) AND ended_at IS NULL
 ORDER BY id LIMIT :most;

-- name: spelling
-- As it was told last: AT may care for capitals where we do not. (By a range, so that PostgreSQL has no order but that of
-- the index: with `=` it may walk over everything that is newer than the product.)
SELECT keyword FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) BETWEEN lower(:keyword) AND lower(:keyword)
 ORDER BY lower(keyword) DESC, id DESC LIMIT 1;

-- name: ended_since
SELECT DISTINCT number FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) = lower(:keyword) AND ended_at >= :since;

-- name: products
-- Those that nobody is subscribed to any more, too: AT may know better.
SELECT p.short_code, p.live,
       (SELECT s.keyword FROM subscriptions s
         WHERE s.account_id = :account AND s.short_code = p.short_code AND lower(s.keyword) = p.folded
         ORDER BY s.id DESC LIMIT 1) AS keyword
  FROM (SELECT short_code, lower(keyword) AS folded, sum(CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END) AS live
          FROM subscriptions WHERE account_id = :account GROUP BY short_code, lower(keyword)) AS p
 ORDER BY p.short_code, p.folded;

-- name: next_keyword
SELECT short_code, lower(keyword) AS folded FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) > :folded
 ORDER BY lower(keyword) LIMIT 1;

-- name: next_code
-- No short code is empty.
SELECT short_code, lower(keyword) AS folded FROM subscriptions
 WHERE account_id = :account AND short_code > :short_code
 ORDER BY short_code, lower(keyword) LIMIT 1;

-- name: count_live
-- Ordered for the same reason as `spelling`.
SELECT count(*) FROM (
    SELECT 1 FROM subscriptions
     WHERE account_id = :account AND short_code = :short_code AND ended_at IS NULL
       AND lower(keyword) BETWEEN lower(:keyword) AND lower(:keyword)
     ORDER BY lower(keyword), id LIMIT :most) AS counted;

-- name: live_page
SELECT id, number, short_code, keyword, source, started_at, ended_source, ended_at FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) = lower(:keyword) AND id < :before
   AND ended_at IS NULL
 ORDER BY id DESC LIMIT :limit;

-- name: live_page (postgres)
SELECT id, number, short_code, keyword, source, started_at, ended_source, ended_at FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) >= lower(:keyword)
   AND (lower(keyword), id) < (lower(:keyword), :before) AND ended_at IS NULL
 ORDER BY lower(keyword) DESC, id DESC LIMIT :limit;

-- name: ever_page
SELECT id, number, short_code, keyword, source, started_at, ended_source, ended_at FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) = lower(:keyword) AND id < :before
 ORDER BY id DESC LIMIT :limit;

-- name: ever_page (postgres)
SELECT id, number, short_code, keyword, source, started_at, ended_source, ended_at FROM subscriptions
 WHERE account_id = :account AND short_code = :short_code AND lower(keyword) >= lower(:keyword)
   AND (lower(keyword), id) < (lower(:keyword), :before)
 ORDER BY lower(keyword) DESC, id DESC LIMIT :limit;

-- name: select
SELECT id, number, short_code, keyword, source, started_at, ended_source, ended_at FROM subscriptions;

-- name: among
SELECT id, number, short_code, keyword, source, started_at, ended_source, ended_at FROM subscriptions
 WHERE id = ANY (:ids) AND +account_id = :account;
