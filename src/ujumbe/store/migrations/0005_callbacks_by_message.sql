-- A callback that belongs to a message says so, and its indexes follow: AT's ids and the numbers come in no order, and an
-- index over every one of them costs each callback two pages somewhere in a file that no cache holds. Messages are told
-- about while they are young, next to each other; what belongs to none is rare.
ALTER TABLE callbacks ADD COLUMN message_id INTEGER;

UPDATE callbacks
   SET message_id = coalesce(
           (SELECT max(a.message_id) FROM attempts a JOIN messages m ON m.id = a.message_id
             WHERE a.provider_id = callbacks.provider_id AND m.account_id = callbacks.account_id
               AND a.number = callbacks.number),
           (SELECT max(a.message_id) FROM attempts a JOIN messages m ON m.id = a.message_id
             WHERE a.provider_id = callbacks.provider_id AND m.account_id = callbacks.account_id))
 WHERE kind = 'delivery-reports' AND state IN ('applied', 'duplicate', 'ignored', 'incomplete', 'broken')
   AND provider_id <> '';

DROP INDEX callbacks_by_provider_id;
DROP INDEX callbacks_by_number;
CREATE INDEX callbacks_by_message ON callbacks (message_id, id) WHERE message_id IS NOT NULL;
CREATE INDEX callbacks_by_number ON callbacks (number, id) WHERE message_id IS NULL;
CREATE INDEX callbacks_waiting_by_id ON callbacks (provider_id, id) WHERE state = 'waiting';
