-- name: ensure
INSERT INTO accounts (id, username, host, created_at) VALUES (:id, :username, :host, :now)
ON CONFLICT (username, host) DO NOTHING;

-- name: find
SELECT id FROM accounts WHERE username = :username AND host = :host;

-- name: list
SELECT id, username, host FROM accounts ORDER BY id;

-- name: standing
SELECT pause, pause_note, paused_at, probe_at, probes, strikes, slow_until FROM accounts WHERE id = :id;

-- name: lock
SELECT pause, pause_note, paused_at, probe_at, probes, strikes, slow_until FROM accounts WHERE id = :id FOR NO KEY UPDATE;

-- name: pause
UPDATE accounts SET pause = :pause, pause_note = :note, paused_at = :now, probe_at = :probe_at WHERE id = :id;

-- name: resume
UPDATE accounts SET pause = '', pause_note = '', probe_at = 0, strikes = :strikes
 WHERE id = :id AND pause = :pause;

-- name: take_probe
-- One of all the workers asks AT.
UPDATE accounts SET probes = probes + 1, probe_at = :next
 WHERE id = :id AND pause = :pause AND probe_at <= :now;

-- name: probe_now
UPDATE accounts SET probe_at = 0, probes = 0 WHERE id = :id AND pause <> '';

-- name: strike
UPDATE accounts SET strikes = :strikes WHERE id = :id;

-- name: calm
-- An answered send also shows that the key is good.
UPDATE accounts SET strikes = 0, probes = 0, pause = CASE WHEN pause = 'credentials' THEN '' ELSE pause END
 WHERE id = :id AND (strikes <> 0 OR probes <> 0 OR pause = 'credentials');

-- name: inbox_seen
SELECT inbox_seen FROM accounts WHERE id = :id;

-- name: see_inbox
UPDATE accounts SET inbox_seen = :inbox_id WHERE id = :id AND inbox_seen < :inbox_id;

-- name: slow
UPDATE accounts SET slow_until = :until WHERE id = :id;
