-- Every batch of sends leaves a row in each of these tables. Trying to compress lists of ids took longer than writing them.
ALTER TABLE audit_log ALTER COLUMN details SET STORAGE EXTERNAL;
ALTER TABLE outbox ALTER COLUMN announcement SET STORAGE EXTERNAL;
ALTER TABLE push_intents ALTER COLUMN messages SET STORAGE EXTERNAL;

-- As it was, in a language that keeps its plan for the session: in SQL it was planned anew for each row.
CREATE OR REPLACE FUNCTION chat_audit_xid() RETURNS xid8 LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT (pg_current_xact_id()::text::numeric + xid_offset)::text::xid8 FROM chat_database);
END $$;
