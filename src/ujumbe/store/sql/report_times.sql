-- name: note
INSERT INTO report_times (account_id, network_code, bucket, reports) VALUES (:account, :network_code, :bucket, :reports)
ON CONFLICT (account_id, network_code, bucket) DO UPDATE SET reports = report_times.reports + excluded.reports;

-- name: counts
SELECT network_code, bucket, reports FROM report_times WHERE account_id = :account;
