-- The key of the marks that stand in place of erased numbers: made with the first erasure, never changed, one for all
-- accounts. While there is none, nobody was ever erased. (docs/decisions/0015-erasure.md)
CREATE TABLE erasure (
    log      INTEGER PRIMARY KEY CHECK (log = 1),
    key      BLOB NOT NULL,
    made_at  INTEGER NOT NULL
) STRICT;
