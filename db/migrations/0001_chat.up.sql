-- The platform owns users. Where the table exists, only what chat needs is added to it.
CREATE TABLE IF NOT EXISTS users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email varchar(320) UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE users ADD COLUMN IF NOT EXISTS first_name varchar(255) NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN IF NOT EXISTS last_name varchar(255) NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN IF NOT EXISTS avatar_url text;
ALTER TABLE users ADD COLUMN IF NOT EXISTS role varchar(50) DEFAULT 'patient';
ALTER TABLE users ADD COLUMN IF NOT EXISTS is_active boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN IF NOT EXISTS fcm_token text;
-- Registration tokens can be longer than the 255 characters of an earlier column.
ALTER TABLE users ALTER COLUMN fcm_token TYPE text;
CREATE INDEX IF NOT EXISTS idx_users_fcm_token ON users (fcm_token) WHERE fcm_token IS NOT NULL;
-- Asked every second for all connected people; few are inactive, so the answer is a few pages whatever the number of users.
CREATE INDEX IF NOT EXISTS idx_users_inactive ON users (id) WHERE NOT is_active;

-- One row: tells databases apart, so that a sync token of another one is noticed.
CREATE TABLE chat_database (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);
INSERT INTO chat_database DEFAULT VALUES;

CREATE TABLE conversations (
  id uuid PRIMARY KEY,
  type text NOT NULL CHECK (type IN ('direct', 'group', 'channel')),
  -- The sorted pair of a direct conversation: simultaneous creations meet in this constraint.
  direct_key text UNIQUE CHECK ((type = 'direct') = (direct_key IS NOT NULL)),
  created_by uuid NOT NULL REFERENCES users (id),
  metadata jsonb NOT NULL DEFAULT '{}',
  last_seq bigint NOT NULL DEFAULT 0,
  -- Messages that are not deleted: the total of the history's pagination.
  message_count bigint NOT NULL DEFAULT 0,
  participant_count integer NOT NULL DEFAULT 0,
  last_message_at timestamptz(3),
  -- Grows with every change that a read can show, receipts apart: cached pages carry it.
  version bigint NOT NULL DEFAULT 1,
  -- Grows when members, roles or types change: a send that waited for the row sees that its membership check is old.
  membership_version bigint NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Last change of metadata, members or roles, for sync.
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
) WITH (fillfactor = 70);
COMMENT ON TABLE conversations IS 'No index on a column that a send changes: with one, every send would rewrite all indexes of the row.';

CREATE TABLE conversation_members (
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id),
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'moderator', 'member')),
  -- last_seq when the person joined: only later messages count as unread.
  joined_seq bigint NOT NULL DEFAULT 0,
  joined_at timestamptz(3) NOT NULL DEFAULT now(),
  joined_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  muted_until timestamptz(3),
  -- Receipts: the seqs of others' messages that this person got and read. read_seqs is a subset of delivered_seqs.
  delivered_seqs int8multirange NOT NULL DEFAULT '{}',
  read_seqs int8multirange NOT NULL DEFAULT '{}',
  -- Grows with every receipt: cached pages carry the sum over the members.
  receipts_version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation_id, user_id)
) WITH (fillfactor = 70);
CREATE INDEX idx_conversation_members_user ON conversation_members (user_id);

-- A person who left: what sync tells them, and their receipts, should they come back.
CREATE TABLE former_members (
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id),
  left_at timestamptz(3) NOT NULL DEFAULT now(),
  left_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  delivered_seqs int8multirange NOT NULL,
  read_seqs int8multirange NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
);

-- No foreign keys on the hot path: the statement that inserts holds the conversation's row lock and has seen the membership.
CREATE TABLE messages (
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,
  id uuid NOT NULL,
  sender_id uuid NOT NULL,
  parent_message_id uuid,
  message_type text NOT NULL CHECK (message_type IN ('text', 'image', 'file', 'system')),
  content text,
  metadata jsonb NOT NULL DEFAULT '{}',
  client_message_id text,
  is_edited boolean NOT NULL DEFAULT false,
  is_deleted boolean NOT NULL DEFAULT false,
  deleted_at timestamptz(3),
  deleted_by uuid,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Last change, for sync.
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (conversation_id, seq)
);
CREATE UNIQUE INDEX idx_messages_id ON messages (id, conversation_id);
CREATE UNIQUE INDEX idx_messages_client_message_id ON messages (conversation_id, sender_id, client_message_id) WHERE client_message_id IS NOT NULL;
CREATE INDEX idx_messages_changed ON messages (conversation_id, changed_xid);

-- Which seqs of a conversation are deleted: page N of its history is found by arithmetic instead of by counting rows.
CREATE TABLE conversation_deletions (
  conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
  seqs int8multirange NOT NULL
);

-- The log of receipts: gives each its time, and sync what is new. A row per mark and bucket of 32 seqs, so that the marks of one
-- message are found in one index range.
CREATE TABLE receipt_marks (
  conversation_id uuid NOT NULL,
  bucket bigint NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('delivered', 'read')),
  seqs int8multirange NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT now(),
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX idx_receipt_marks_bucket ON receipt_marks (conversation_id, bucket);
CREATE INDEX idx_receipt_marks_changed ON receipt_marks (conversation_id, changed_xid);

CREATE TABLE devices (
  fcm_token text PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  device_id text,
  platform text CHECK (platform IN ('android', 'ios', 'web')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX idx_devices_user ON devices (user_id);

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz(3) NOT NULL DEFAULT now(),
  actor_id uuid NOT NULL,
  action text NOT NULL,
  conversation_id uuid,
  message_id uuid,
  reason text,
  request_id text
);
CREATE INDEX idx_audit_log_message ON audit_log (message_id) WHERE message_id IS NOT NULL;

-- For people who query by hand: the columns of the guide, computed.
CREATE VIEW messages_with_receipts AS
SELECT m.id, m.conversation_id, m.seq, m.sender_id, m.parent_message_id, m.message_type, m.content, m.metadata,
       array_prepend(m.sender_id, r.read_by) AS read_by,
       array_prepend(m.sender_id, r.delivered_to) AS delivered_to,
       m.is_edited, m.is_deleted, m.created_at, m.updated_at
FROM messages m
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(cm.user_id ORDER BY cm.user_id) FILTER (WHERE cm.read_seqs @> m.seq), '{}') AS read_by,
         coalesce(array_agg(cm.user_id ORDER BY cm.user_id) FILTER (WHERE cm.delivered_seqs @> m.seq), '{}') AS delivered_to
  FROM conversation_members cm
  WHERE cm.conversation_id = m.conversation_id AND cm.user_id <> m.sender_id
) r;
