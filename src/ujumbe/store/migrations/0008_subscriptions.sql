-- Who told us that a subscription began and that it ended; '' while it runs. Until now only callbacks did.
ALTER TABLE subscriptions ADD COLUMN source TEXT NOT NULL DEFAULT 'callback'
    CHECK (source IN ('callback', 'sync', 'report', 'api'));
ALTER TABLE subscriptions ADD COLUMN ended_source TEXT NOT NULL DEFAULT ''
    CHECK (ended_source IN ('', 'callback', 'sync', 'report', 'api'));
UPDATE subscriptions SET ended_source = 'callback' WHERE ended_at IS NOT NULL;

-- A product is a short code and a keyword: its history by the one, who is subscribed now by the other.
CREATE INDEX subscriptions_by_product ON subscriptions (account_id, short_code, lower(keyword), id);
CREATE INDEX subscriptions_live ON subscriptions (account_id, short_code, lower(keyword), id) WHERE ended_at IS NULL;
CREATE INDEX subscriptions_by_number ON subscriptions (number, id);

-- How many hours AT goes on trying to deliver a premium text (`retryDurationInHours`); null for AT's own default.
ALTER TABLE batches ADD COLUMN retry_hours INTEGER;
