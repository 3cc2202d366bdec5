-- Rows of the audit log are only ever added, by whoever does what they tell, in the same transaction. A sealer chains them a moment later:
-- each link's hash covers the row and the link before it, so that a row that is changed, taken out or put in between is found.
ALTER TABLE audit_log ALTER COLUMN actor_id DROP NOT NULL;
ALTER TABLE audit_log ADD COLUMN subject_id uuid;
ALTER TABLE audit_log ADD COLUMN details jsonb NOT NULL DEFAULT '{}';
-- A database that is restored counts transactions anew. What is sealed must not be changed: new rows count on from the highest number of the old ones.
ALTER TABLE chat_database ADD COLUMN xid_offset bigint NOT NULL DEFAULT 0;
CREATE FUNCTION chat_audit_xid() RETURNS xid8 LANGUAGE sql VOLATILE AS $$
  SELECT (pg_current_xact_id()::text::numeric + xid_offset)::text::xid8 FROM chat_database
$$;
-- Rows are sealed in this order: a transaction older than all that still run can add no more of them.
ALTER TABLE audit_log ADD COLUMN written_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE audit_log ALTER COLUMN written_xid SET DEFAULT chat_audit_xid();
-- Whoever asks what is known of a person. Rows of sends name nobody here, and cost these indexes nothing.
CREATE INDEX idx_audit_log_actor ON audit_log (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX idx_audit_log_subject ON audit_log (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX idx_audit_log_written ON audit_log (written_xid, id);

CREATE TABLE audit_chain (
  position bigint PRIMARY KEY,
  audit_id bigint NOT NULL,
  -- Of the row: where the next seal goes on, even if somebody takes the row away.
  written_xid xid8 NOT NULL,
  hash bytea NOT NULL,
  sealed_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE FUNCTION chat_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION chat_refuse_change();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION chat_refuse_change();
-- Also for sessions that replay a replica's changes, in which other triggers rest.
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER audit_chain_append_only;

-- What a link covers of its row: each column as length:text, or - for null, so that no two rows have one text.
CREATE FUNCTION chat_audit_text(entry audit_log) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(coalesce(octet_length(value) || ':' || value, '-'), ',' ORDER BY n)
  FROM unnest(ARRAY[
    entry.id::text, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), entry.actor_id::text, entry.subject_id::text, entry.action,
    entry.conversation_id::text, entry.message_id::text, entry.reason, entry.request_id, entry.details::text, entry.written_xid::text
  ]) WITH ORDINALITY AS part (value, n)
$$;

-- Chains the rows that no transaction can come before any more, at most rows_max of them. One sealer at a time; the others leave at once.
-- With the rights of its owner: who calls it cannot write links of their own.
CREATE FUNCTION chat_seal_audit(rows_max integer) RETURNS TABLE (sealed integer, head bigint, head_hash text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  entry audit_log;
  last_position bigint := 0;
  last_hash bytea := '\x';
  last_xid xid8 := '0';
  last_id bigint := 0;
  oldest_running xid8;
BEGIN
  sealed := 0;
  IF NOT pg_try_advisory_xact_lock(hashtext('chat_audit')) THEN
    RETURN;
  END IF;
  SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric + xid_offset)::text::xid8 INTO oldest_running FROM chat_database;
  SELECT c.position, c.hash, c.written_xid, c.audit_id INTO last_position, last_hash, last_xid, last_id
  FROM audit_chain c ORDER BY c.position DESC LIMIT 1;
  IF NOT FOUND THEN
    last_position := 0; last_hash := '\x'; last_xid := '0'; last_id := 0;
  END IF;
  FOR entry IN
    SELECT a.* FROM audit_log a
    WHERE (a.written_xid, a.id) > (last_xid, last_id) AND a.written_xid < oldest_running
    ORDER BY a.written_xid, a.id LIMIT rows_max
  LOOP
    last_position := last_position + 1;
    last_hash := sha256(convert_to(encode(last_hash, 'hex') || ',' || last_position || ',' || chat_audit_text(entry), 'UTF8'));
    INSERT INTO audit_chain (position, audit_id, written_xid, hash) VALUES (last_position, entry.id, entry.written_xid, last_hash);
    sealed := sealed + 1;
  END LOOP;
  head := last_position;
  head_hash := encode(last_hash, 'hex');
  RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION chat_seal_audit(integer) FROM PUBLIC;
