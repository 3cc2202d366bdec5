-- What the migrations make. Written by `pnpm generate`, compared by a test: do not edit.

CREATE TABLE audit_chain (
  "position" bigint NOT NULL,
  audit_id bigint NOT NULL,
  written_xid xid8 NOT NULL,
  hash bytea NOT NULL,
  sealed_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  CONSTRAINT audit_chain_pkey PRIMARY KEY ("position")
);
CREATE TRIGGER audit_chain_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_chain FOR EACH STATEMENT EXECUTE FUNCTION chat_refuse_change();

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  at timestamp(3) with time zone DEFAULT now() NOT NULL,
  actor_id uuid,
  action text NOT NULL,
  conversation_id uuid,
  message_id uuid,
  reason text,
  request_id text,
  subject_id uuid,
  details jsonb DEFAULT '{}'::jsonb NOT NULL,
  written_xid xid8 DEFAULT chat_audit_xid() NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_audit_log_actor ON public.audit_log USING btree (actor_id) WHERE (actor_id IS NOT NULL);
CREATE INDEX idx_audit_log_message ON public.audit_log USING btree (message_id) WHERE (message_id IS NOT NULL);
CREATE INDEX idx_audit_log_subject ON public.audit_log USING btree (subject_id) WHERE (subject_id IS NOT NULL);
CREATE INDEX idx_audit_log_written ON public.audit_log USING btree (written_xid, id);
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION chat_refuse_change();

CREATE TABLE break_glass_grants (
  id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  granted_by uuid NOT NULL,
  reason text NOT NULL,
  granted_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  ended_at timestamp(3) with time zone,
  CONSTRAINT break_glass_grants_pkey PRIMARY KEY (id),
  CONSTRAINT break_glass_grants_check CHECK ((expires_at <= (granted_at + '01:00:00'::interval)))
);
CREATE INDEX idx_break_glass_grants_user ON public.break_glass_grants USING btree (user_id, conversation_id, expires_at);

CREATE TABLE chat_database (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  only_row boolean DEFAULT true NOT NULL,
  xid_offset bigint DEFAULT 0 NOT NULL,
  CONSTRAINT chat_database_pkey PRIMARY KEY (only_row),
  CONSTRAINT chat_database_only_row_check CHECK (only_row)
);

CREATE TABLE conversation_deletions (
  conversation_id uuid NOT NULL,
  seqs int8multirange NOT NULL,
  CONSTRAINT conversation_deletions_pkey PRIMARY KEY (conversation_id),
  CONSTRAINT conversation_deletions_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE
);

CREATE TABLE conversation_keys (
  conversation_id uuid NOT NULL,
  version integer NOT NULL,
  wrapped bytea,
  master_key text NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  wrapped_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  shredded_at timestamp(3) with time zone,
  CONSTRAINT conversation_keys_pkey PRIMARY KEY (conversation_id, version),
  CONSTRAINT conversation_keys_check CHECK (((wrapped IS NULL) = (shredded_at IS NOT NULL))),
  CONSTRAINT conversation_keys_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE
);
CREATE INDEX idx_conversation_keys_master_key ON public.conversation_keys USING btree (master_key, conversation_id, version) WHERE (wrapped IS NOT NULL);

CREATE TABLE conversation_members (
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text DEFAULT 'member'::text NOT NULL,
  joined_seq bigint DEFAULT 0 NOT NULL,
  joined_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  joined_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  muted_until timestamp(3) with time zone,
  delivered_seqs int8multirange DEFAULT '{}'::int8multirange NOT NULL,
  read_seqs int8multirange DEFAULT '{}'::int8multirange NOT NULL,
  receipts_version bigint DEFAULT 0 NOT NULL,
  CONSTRAINT conversation_members_pkey PRIMARY KEY (conversation_id, user_id),
  CONSTRAINT conversation_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'moderator'::text, 'member'::text]))),
  CONSTRAINT conversation_members_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
  CONSTRAINT conversation_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
) WITH (fillfactor=70);
CREATE INDEX idx_conversation_members_user ON public.conversation_members USING btree (user_id);

CREATE TABLE conversations (
  id uuid NOT NULL,
  type text NOT NULL,
  direct_key text,
  created_by uuid NOT NULL,
  metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
  last_seq bigint DEFAULT 0 NOT NULL,
  message_count bigint DEFAULT 0 NOT NULL,
  participant_count integer DEFAULT 0 NOT NULL,
  last_message_at timestamp(3) with time zone,
  version bigint DEFAULT 1 NOT NULL,
  membership_version bigint DEFAULT 1 NOT NULL,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  changed_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT conversations_pkey PRIMARY KEY (id),
  CONSTRAINT conversations_direct_key_key UNIQUE (direct_key),
  CONSTRAINT conversations_check CHECK (((type = 'direct'::text) = (direct_key IS NOT NULL))),
  CONSTRAINT conversations_type_check CHECK ((type = ANY (ARRAY['direct'::text, 'group'::text, 'channel'::text]))),
  CONSTRAINT conversations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id)
) WITH (fillfactor=70);
COMMENT ON TABLE conversations IS 'No index on a column that a send changes: with one, every send would rewrite all indexes of the row.';

CREATE TABLE devices (
  fcm_token text NOT NULL,
  user_id uuid NOT NULL,
  device_id text,
  platform text,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  next_push_at timestamp with time zone,
  CONSTRAINT devices_pkey PRIMARY KEY (fcm_token),
  CONSTRAINT devices_platform_check CHECK ((platform = ANY (ARRAY['android'::text, 'ios'::text, 'web'::text]))),
  CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX idx_devices_user ON public.devices USING btree (user_id);

CREATE TABLE former_members (
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  left_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  left_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  delivered_seqs int8multirange NOT NULL,
  read_seqs int8multirange NOT NULL,
  CONSTRAINT former_members_pkey PRIMARY KEY (user_id, conversation_id),
  CONSTRAINT former_members_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE,
  CONSTRAINT former_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE last_seen (
  user_id uuid NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  CONSTRAINT last_seen_pkey PRIMARY KEY (user_id),
  CONSTRAINT last_seen_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
) WITH (fillfactor=70);

CREATE TABLE legal_holds (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  conversation_id uuid,
  user_id uuid,
  reason text NOT NULL,
  placed_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  lifted_at timestamp(3) with time zone,
  CONSTRAINT legal_holds_pkey PRIMARY KEY (id),
  CONSTRAINT legal_holds_check CHECK (((conversation_id IS NULL) <> (user_id IS NULL)))
);
CREATE INDEX idx_legal_holds_conversation ON public.legal_holds USING btree (conversation_id) WHERE (lifted_at IS NULL);
CREATE INDEX idx_legal_holds_user ON public.legal_holds USING btree (user_id) WHERE (lifted_at IS NULL);

CREATE TABLE messages (
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,
  id uuid NOT NULL,
  sender_id uuid NOT NULL,
  parent_message_id uuid,
  message_type text NOT NULL,
  content text,
  metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
  client_message_id text,
  is_edited boolean DEFAULT false NOT NULL,
  is_deleted boolean DEFAULT false NOT NULL,
  deleted_at timestamp(3) with time zone,
  deleted_by uuid,
  created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
  changed_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  sealed bytea,
  CONSTRAINT messages_pkey PRIMARY KEY (conversation_id, seq),
  CONSTRAINT messages_message_type_check CHECK ((message_type = ANY (ARRAY['text'::text, 'image'::text, 'file'::text, 'system'::text])))
);
CREATE INDEX idx_messages_changed_later ON public.messages USING btree (conversation_id, changed_xid) WHERE (is_deleted OR (updated_at <> created_at));
CREATE UNIQUE INDEX idx_messages_client_message_id ON public.messages USING btree (conversation_id, sender_id, client_message_id) WHERE (client_message_id IS NOT NULL);
CREATE UNIQUE INDEX idx_messages_id ON public.messages USING btree (id, conversation_id);

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  announcement jsonb NOT NULL,
  attempts integer DEFAULT 0 NOT NULL,
  created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000, autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=100000);

CREATE TABLE push_intents (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  messages jsonb NOT NULL,
  people uuid[],
  due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT push_intents_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);

CREATE TABLE push_jobs (
  fcm_token text NOT NULL,
  conversation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  seq bigint,
  message_id uuid,
  due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  attempts integer DEFAULT 0 NOT NULL,
  leased_until timestamp with time zone,
  CONSTRAINT push_jobs_pkey PRIMARY KEY (fcm_token, conversation_id)
) WITH (fillfactor=80, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);
CREATE INDEX idx_push_jobs_due ON public.push_jobs USING btree (due_at);

CREATE TABLE push_log (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  message_id uuid NOT NULL,
  outcome text NOT NULL,
  user_ids uuid[] NOT NULL,
  detail text,
  at timestamp(3) with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT push_log_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_push_log_message ON public.push_log USING btree (message_id);

CREATE TABLE push_pause (
  only_row boolean DEFAULT true NOT NULL,
  until timestamp with time zone NOT NULL,
  reason text NOT NULL,
  attempts integer DEFAULT 0 NOT NULL,
  CONSTRAINT push_pause_pkey PRIMARY KEY (only_row),
  CONSTRAINT push_pause_only_row_check CHECK (only_row)
);

CREATE TABLE quiet_hours (
  user_id uuid NOT NULL,
  from_minute smallint NOT NULL,
  to_minute smallint NOT NULL,
  time_zone text NOT NULL,
  CONSTRAINT quiet_hours_pkey PRIMARY KEY (user_id),
  CONSTRAINT quiet_hours_from_minute_check CHECK (((from_minute >= 0) AND (from_minute <= 1439))),
  CONSTRAINT quiet_hours_to_minute_check CHECK (((to_minute >= 0) AND (to_minute <= 1439))),
  CONSTRAINT quiet_hours_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

CREATE TABLE receipt_marks (
  conversation_id uuid NOT NULL,
  bucket bigint NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  seqs int8multirange NOT NULL,
  at timestamp(3) with time zone DEFAULT now() NOT NULL,
  changed_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT receipt_marks_kind_check CHECK ((kind = ANY (ARRAY['delivered'::text, 'read'::text])))
);
CREATE INDEX idx_receipt_marks_bucket ON public.receipt_marks USING btree (conversation_id, bucket);
CREATE INDEX idx_receipt_marks_changed ON public.receipt_marks USING btree (conversation_id, changed_xid);

CREATE TABLE users (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  email character varying(320),
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  first_name character varying(255) DEFAULT ''::character varying NOT NULL,
  last_name character varying(255) DEFAULT ''::character varying NOT NULL,
  avatar_url text,
  role character varying(50) DEFAULT 'patient'::character varying,
  is_active boolean DEFAULT true NOT NULL,
  fcm_token text,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email)
);
CREATE INDEX idx_users_fcm_token ON public.users USING btree (fcm_token) WHERE (fcm_token IS NOT NULL);
CREATE INDEX idx_users_inactive ON public.users USING btree (id) WHERE (NOT is_active);

CREATE VIEW messages_with_receipts AS
 SELECT m.id,
    m.conversation_id,
    m.seq,
    m.sender_id,
    m.parent_message_id,
    m.message_type,
    m.content,
    m.metadata,
    array_prepend(m.sender_id, r.read_by) AS read_by,
    array_prepend(m.sender_id, r.delivered_to) AS delivered_to,
    m.is_edited,
    m.is_deleted,
    m.created_at,
    m.updated_at
   FROM messages m
     CROSS JOIN LATERAL ( SELECT COALESCE(array_agg(cm.user_id ORDER BY cm.user_id) FILTER (WHERE cm.read_seqs @> m.seq), '{}'::uuid[]) AS read_by,
            COALESCE(array_agg(cm.user_id ORDER BY cm.user_id) FILTER (WHERE cm.delivered_seqs @> m.seq), '{}'::uuid[]) AS delivered_to
           FROM conversation_members cm
          WHERE cm.conversation_id = m.conversation_id AND cm.user_id <> m.sender_id) r;

CREATE OR REPLACE FUNCTION public.chat_audit_text(entry audit_log)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  SELECT string_agg(coalesce(octet_length(value) || ':' || value, '-'), ',' ORDER BY n)
  FROM unnest(ARRAY[
    entry.id::text, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), entry.actor_id::text, entry.subject_id::text, entry.action,
    entry.conversation_id::text, entry.message_id::text, entry.reason, entry.request_id, entry.details::text, entry.written_xid::text
  ]) WITH ORDINALITY AS part (value, n)
$function$;

CREATE OR REPLACE FUNCTION public.chat_audit_xid()
 RETURNS xid8
 LANGUAGE plpgsql
AS $function$
BEGIN
  RETURN (SELECT (pg_current_xact_id()::text::numeric + xid_offset)::text::xid8 FROM chat_database);
END $function$;

CREATE OR REPLACE FUNCTION public.chat_is_held(conversation uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  SELECT EXISTS (SELECT FROM legal_holds h WHERE h.lifted_at IS NULL AND h.conversation_id = conversation)
    OR EXISTS (SELECT FROM legal_holds h JOIN conversation_members m ON m.user_id = h.user_id
      WHERE h.lifted_at IS NULL AND m.conversation_id = conversation)
    OR EXISTS (SELECT FROM legal_holds h JOIN former_members m ON m.user_id = h.user_id
      WHERE h.lifted_at IS NULL AND m.conversation_id = conversation)
$function$;

CREATE OR REPLACE FUNCTION public.chat_purge_messages(conversation uuid, older_than timestamp with time zone, rows_max integer)
 RETURNS TABLE(purged bigint, receipts bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
END $function$;

CREATE OR REPLACE FUNCTION public.chat_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $function$;

CREATE OR REPLACE FUNCTION public.chat_seal_audit(rows_max integer)
 RETURNS TABLE(sealed integer, head bigint, head_hash text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
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
END $function$;
