-- What must be kept whatever the retention says: a conversation, or all conversations of a person.
CREATE TABLE legal_holds (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  conversation_id uuid,
  user_id uuid,
  reason text NOT NULL,
  placed_at timestamptz(3) NOT NULL DEFAULT now(),
  lifted_at timestamptz(3),
  CHECK ((conversation_id IS NULL) <> (user_id IS NULL))
);
CREATE INDEX idx_legal_holds_conversation ON legal_holds (conversation_id) WHERE lifted_at IS NULL;
CREATE INDEX idx_legal_holds_user ON legal_holds (user_id) WHERE lifted_at IS NULL;

-- Emergency access of an administrator to a conversation: for a reason, and not for long.
CREATE TABLE break_glass_grants (
  id uuid PRIMARY KEY,
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  granted_by uuid NOT NULL,
  reason text NOT NULL,
  granted_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  CHECK (expires_at <= granted_at + interval '60 minutes')
);
CREATE INDEX idx_break_glass_grants_user ON break_glass_grants (user_id, conversation_id, expires_at);

CREATE FUNCTION chat_is_held(conversation uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM legal_holds h WHERE h.lifted_at IS NULL AND h.conversation_id = conversation)
    OR EXISTS (SELECT FROM legal_holds h JOIN conversation_members m ON m.user_id = h.user_id
      WHERE h.lifted_at IS NULL AND m.conversation_id = conversation)
    OR EXISTS (SELECT FROM legal_holds h JOIN former_members m ON m.user_id = h.user_id
      WHERE h.lifted_at IS NULL AND m.conversation_id = conversation)
$$;

-- Deletes the oldest messages of a conversation with their receipts, at most rows_max; nothing where a hold is, nothing younger than a day.
-- With the rights of its owner, so that the services need no right to delete messages. Numbers stay used: the seqs count as deleted.
CREATE FUNCTION chat_purge_messages(conversation uuid, older_than timestamptz, rows_max integer) RETURNS TABLE (purged bigint, receipts bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  gone int8multirange;
  shown bigint;
BEGIN
  IF older_than > now() - interval '1 day' THEN
    RAISE EXCEPTION 'messages of the last day are not purged' USING ERRCODE = 'insufficient_privilege';
  END IF;
  purged := 0;
  receipts := 0;
  PERFORM FROM conversations WHERE id = conversation FOR NO KEY UPDATE;
  IF chat_is_held(conversation) THEN
    RETURN NEXT;
    RETURN;
  END IF;
  WITH oldest AS (
    SELECT m.seq, m.created_at FROM messages m WHERE m.conversation_id = conversation ORDER BY m.seq LIMIT rows_max
  ), removed AS (
    DELETE FROM messages m USING oldest o
    WHERE m.conversation_id = conversation AND m.seq = o.seq AND o.created_at < older_than
    RETURNING m.id, m.seq, m.is_deleted
  ), unqueued AS (
    DELETE FROM push_jobs j USING removed r WHERE j.message_id = r.id
  ), unlogged AS (
    DELETE FROM push_log l USING removed r WHERE l.message_id = r.id
  )
  SELECT range_agg(int8range(seq, seq + 1)), count(*), count(*) FILTER (WHERE NOT is_deleted) INTO gone, purged, shown FROM removed;
  IF purged = 0 THEN
    RETURN NEXT;
    RETURN;
  END IF;
  INSERT INTO conversation_deletions (conversation_id, seqs) VALUES (conversation, gone)
  ON CONFLICT (conversation_id) DO UPDATE SET seqs = conversation_deletions.seqs + excluded.seqs;
  UPDATE conversations SET message_count = message_count - shown, version = version + 1 WHERE id = conversation;
  DELETE FROM receipt_marks r WHERE r.conversation_id = conversation AND r.bucket <= upper(gone) >> 5 AND r.seqs <@ gone;
  GET DIAGNOSTICS receipts = ROW_COUNT;
  UPDATE receipt_marks r SET seqs = r.seqs - gone
  WHERE r.conversation_id = conversation AND r.bucket <= upper(gone) >> 5 AND r.seqs && gone;
  RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION chat_purge_messages(uuid, timestamptz, integer) FROM PUBLIC;
