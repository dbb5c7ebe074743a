-- name: put
INSERT INTO drifts (account_id, short_code, keyword, listed, live, started, ended, recorded, compared_at)
VALUES (:account, :short_code, lower(:keyword), :listed, :live, :started, :ended, :recorded, :now)
ON CONFLICT (account_id, short_code, keyword) DO UPDATE
   SET listed = excluded.listed, live = excluded.live, started = excluded.started, ended = excluded.ended,
       recorded = excluded.recorded, compared_at = excluded.compared_at;

-- name: find
SELECT listed, live, started, ended, recorded, compared_at FROM drifts
 WHERE account_id = :account AND short_code = :short_code AND keyword = lower(:keyword);
