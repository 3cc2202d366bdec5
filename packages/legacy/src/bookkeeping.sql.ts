/** What the move remembers in the target, beside the product's tables. Once nothing is left to move, `drop schema chat_legacy cascade`. */
export const bookkeeping = `
set client_min_messages = warning;
create schema if not exists chat_legacy;
-- is_ours: whether a run added the person. Who was there before is the platform's and stays as they are.
create table if not exists chat_legacy.people (id uuid primary key, is_ours boolean not null, fingerprint text not null, fcm_token text);
-- fingerprint: of the conversation in the old database when it was listed. version: of the conversation here when it was moved, to see whether it was used since.
create table if not exists chat_legacy.conversations (
  id uuid primary key, fingerprint text not null, version text not null, moved_at timestamptz not null default now()
);
-- Metadata that had to be adapted, as it was.
create table if not exists chat_legacy.originals (
  conversation_id uuid not null, id uuid not null, metadata jsonb not null, primary key (conversation_id, id)
);
-- What could not be taken over as it was. subject: the message, conversation or person that it is about.
create table if not exists chat_legacy.notes (conversation_id uuid, subject uuid not null, kind text not null, detail text not null);
create index if not exists notes_conversation on chat_legacy.notes (conversation_id);
`

/** Where rows of the old database wait for their statements. */
export const stagingTables = `
create temp table old_people (
  id uuid primary key, first_name text, last_name text, email text, avatar_url text, role text, is_active boolean, fcm_token text,
  created_at timestamptz, updated_at timestamptz
);
create temp table old_conversations (id uuid primary key, place integer not null, messages bigint not null, fingerprint text not null);
create temp table staged_conversations (
  id uuid primary key, type text, participant_ids uuid[], created_by uuid, last_message_at timestamptz, metadata text, created_at timestamptz, updated_at timestamptz
);
create temp table staged_messages (
  id uuid, conversation_id uuid, sender_id uuid, parent_message_id uuid, message_type text, content text, metadata text, read_by uuid[], delivered_to uuid[],
  is_edited boolean, is_deleted boolean, created_at timestamptz, updated_at timestamptz
);
create temp table adapted (conversation_id uuid, id uuid, metadata text, problem text);
create temp table planned (
  id uuid primary key, is_new boolean not null, in_use boolean not null, renumbered boolean not null default false, last_seq bigint not null,
  people uuid[] not null, type text not null, direct_key text, created_by uuid
);
create temp table numbered (
  conversation_id uuid, seq bigint, is_new boolean, id uuid, sender_id uuid, parent_message_id uuid, message_type text, content text, metadata jsonb,
  read_by uuid[], delivered_to uuid[], is_edited boolean, is_deleted boolean, created_at timestamptz(3), updated_at timestamptz(3)
);
create temp table marked (conversation_id uuid, user_id uuid, seq bigint, is_read boolean, at timestamptz(3));
create temp table receipts (conversation_id uuid, user_id uuid, delivered_seqs int8multirange, read_seqs int8multirange, primary key (conversation_id, user_id));
create temp table held (
  id uuid primary key, fingerprint text, messages bigint, deleted bigint, talk numeric, participants bigint, membership numeric,
  receipts bigint, receipt_sum numeric, about numeric
);
`
