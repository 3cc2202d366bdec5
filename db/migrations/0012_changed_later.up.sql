-- What is new in a conversation is the end of it, in the order of seq, and sync finds it there: only messages that changed after they were stored have
-- to be found otherwise. So a send pays for one index less. On a large table make the new index beforehand, `create index concurrently`.
DROP INDEX idx_messages_changed;
CREATE INDEX IF NOT EXISTS idx_messages_changed_later ON messages (conversation_id, changed_xid) WHERE is_deleted OR updated_at <> created_at;
