-- users stays: it belongs to the platform.
DROP VIEW messages_with_receipts;
DROP TABLE audit_log, devices, receipt_marks, conversation_deletions, messages, former_members, conversation_members, conversations, chat_database;
