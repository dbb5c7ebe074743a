-- Callbacks that somebody should look at, newest first. They are few: the others pass by this index at the price of its
-- condition. (SQLite uses it only where a query names one of these terms as it stands here.)
CREATE INDEX callbacks_odd ON callbacks (account_id, state, id)
    WHERE state = 'incomplete' OR state = 'broken' OR state = 'quarantined';
