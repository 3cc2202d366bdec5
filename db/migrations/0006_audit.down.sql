DROP FUNCTION IF EXISTS chat_seal_audit(integer);
DROP FUNCTION IF EXISTS chat_audit_text(audit_log);
DROP TABLE IF EXISTS audit_chain;
DROP INDEX IF EXISTS idx_audit_log_actor;
DROP TRIGGER IF EXISTS audit_log_append_only ON audit_log;
DROP FUNCTION IF EXISTS chat_refuse_change();
-- Rows that no person wrote cannot be told in the old form.
DELETE FROM audit_log WHERE actor_id IS NULL;
ALTER TABLE audit_log DROP COLUMN IF EXISTS subject_id, DROP COLUMN IF EXISTS details, DROP COLUMN IF EXISTS written_xid;
ALTER TABLE audit_log ALTER COLUMN actor_id SET NOT NULL;
DROP FUNCTION IF EXISTS chat_audit_xid();
ALTER TABLE chat_database DROP COLUMN IF EXISTS xid_offset;
