-- A few conversations are open among very many that are done, or the other way round: each list is read by its own state,
-- and every page counts the open ones.
CREATE INDEX conversations_by_state ON conversations (account_id, state, latest);
