CREATE OR REPLACE FUNCTION chat_audit_xid() RETURNS xid8 LANGUAGE sql VOLATILE AS $$
  SELECT (pg_current_xact_id()::text::numeric + xid_offset)::text::xid8 FROM chat_database
$$;
ALTER TABLE push_intents ALTER COLUMN messages SET STORAGE EXTENDED;
ALTER TABLE outbox ALTER COLUMN announcement SET STORAGE EXTENDED;
ALTER TABLE audit_log ALTER COLUMN details SET STORAGE EXTENDED;
