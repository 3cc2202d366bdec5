DROP INDEX idx_messages_changed_later;
CREATE INDEX idx_messages_changed ON messages (conversation_id, changed_xid);
