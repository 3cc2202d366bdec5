import type { MessageType } from '@viatra-chat/contract'
import type pg from 'pg'
import type { MessageRow } from './message-row.js'

/** A message that waits to be stored. */
export interface Draft {
  id: string
  conversationId: string
  senderId: string
  messageType: MessageType
  content: string | null
  metadata: string
  clientMessageId: string | null
  parentMessageId: string | null
  /** The request that brought it, for the log. */
  requestId: string
}

/** What became of a draft. `RETRY`: the membership changed while the statement waited for the conversation; ask again. */
export type Verdict =
  'SENT' | 'ALREADY_SENT' | 'CONFLICT' | 'CONVERSATION_NOT_FOUND' | 'NOT_A_PARTICIPANT' | 'FORBIDDEN' | 'MESSAGE_NOT_FOUND' | 'RETRY'

/** What the statement answers for a draft; `outbox_id` is the batch's row in the outbox, null when nothing of it was stored. */
export type SentRow = MessageRow & { n: number; verdict: Verdict; earlier_id: string | null; outbox_id: string | null }

// One statement for many sends: it locks the conversations in the order of their ids, so that two processes cannot wait for each other in a
// circle; judges each draft for itself; takes seqs under the locks, so that their order is commit order and has no gap; and inserts.
// Its snapshot is older than the locks it waited for. Two things can have changed meanwhile: memberships, seen by membership_version
// (RETRY), and client ids, seen by the unique index (the whole statement fails and runs again). last_seq comes from the locked row.
export const storeBatchText = `
with input as (
  select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[])
    as i (n, id, conversation_id, sender_id, message_type, content, metadata, client_message_id, parent_message_id)
), locked as materialized (
  select id, type, membership_version from conversations where id in (select conversation_id from input) order by id for no key update
), judged as materialized (
  select i.*, l.type as conversation_type, e.id as earlier_id, u.first_name, u.last_name, u.avatar_url, u.role,
    p.seq as parent_seq, p.sender_id as parent_sender_id, p.message_type as parent_type,
    left(p.content, 200) as parent_content, p.is_deleted as parent_deleted,
    case
      when l.id is null then 'CONVERSATION_NOT_FOUND'
      when c.membership_version <> l.membership_version then 'RETRY'
      when m.user_id is null then 'NOT_A_PARTICIPANT'
      when e.id is not null then case
        when (e.message_type, e.content, e.metadata, e.parent_message_id)
          is not distinct from (i.message_type, i.content, i.metadata::jsonb, i.parent_message_id) then 'ALREADY_SENT' else 'CONFLICT' end
      when l.type = 'channel' and m.role = 'member' then 'FORBIDDEN'
      when i.parent_message_id is not null and p.id is null then 'MESSAGE_NOT_FOUND'
      else 'SENT'
    end as verdict
  from input i
  left join locked l on l.id = i.conversation_id
  left join conversations c on c.id = i.conversation_id
  left join conversation_members m on m.conversation_id = i.conversation_id and m.user_id = i.sender_id
  left join messages e on e.conversation_id = i.conversation_id and e.sender_id = i.sender_id and e.client_message_id = i.client_message_id
  left join messages p on p.id = i.parent_message_id and p.conversation_id = i.conversation_id
  left join users u on u.id = i.sender_id
), accepted as (
  select n, id, conversation_id, row_number() over (partition by conversation_id order by n) as ordinal,
    count(*) over (partition by conversation_id) as total
  from judged where verdict = 'SENT'
), bumped as (
  update conversations c set last_seq = c.last_seq + a.total, message_count = c.message_count + a.total, version = c.version + 1,
    last_message_at = greatest(c.last_message_at, clock_timestamp()::timestamptz(3))
  from (select distinct conversation_id, total from accepted) a
  where c.id = a.conversation_id
  returning c.id, c.last_seq, c.last_message_at
), stored as (
  insert into messages (conversation_id, seq, id, sender_id, parent_message_id, message_type, content, metadata, client_message_id, created_at, updated_at)
  select j.conversation_id, b.last_seq - a.total + a.ordinal, j.id, j.sender_id, j.parent_message_id, j.message_type, j.content,
    j.metadata::jsonb, j.client_message_id, b.last_message_at, b.last_message_at
  from accepted a join judged j on j.n = a.n join bumped b on b.id = a.conversation_id
  returning id, conversation_id, seq, sender_id, message_type, metadata, created_at
), told as (
  delete from outbox where id = any($10::bigint[])
), audited as (
  insert into audit_log (action, details)
  select 'messages_sent', jsonb_build_object('messages', jsonb_agg(jsonb_build_array(id, conversation_id, seq, sender_id) order by seq))
  from stored where $11::boolean having count(*) > 0
), untold as (
  insert into outbox (announcement)
  select jsonb_build_object('kind', 'messages', 'at', jsonb_agg(jsonb_build_array(conversation_id, seq) order by seq))
  from stored having count(*) > 0
  returning id
), intended as (
  insert into push_intents (messages)
  select jsonb_agg(jsonb_build_array(conversation_id, seq) order by seq)
  from stored where $12::boolean and message_type <> 'system' having count(*) > 0
)
select untold.id as outbox_id, j.n, j.verdict, j.earlier_id, j.id, j.conversation_id, s.seq, j.sender_id, j.parent_message_id, j.message_type, j.content, s.metadata,
  j.client_message_id, false as is_edited, false as is_deleted, s.created_at, s.created_at as updated_at,
  j.first_name, j.last_name, j.avatar_url, j.role, j.parent_seq, j.parent_sender_id, j.parent_type, j.parent_content, j.parent_deleted
from judged j left join stored s on s.id = j.id left join untold on true
order by j.n`

export interface BatchOptions {
  /** Rows of the outbox that may go. */
  told: readonly string[]
  /** Whether it is noted for those who decide on pushes. */
  pushes: boolean
  /** Whether the batch leaves a row in the audit log: which messages, where, of whom. */
  audited: boolean
}

/** Stores a batch in one transaction and answers each draft for itself, in the order given. */
export async function storeBatch(client: pg.Client, drafts: readonly Draft[], { told, audited, pushes }: BatchOptions): Promise<SentRow[]> {
  const column = <K extends keyof Draft>(key: K) => drafts.map((draft) => draft[key])
  const { rows } = await client.query<SentRow>({
    // Named: PostgreSQL parses and plans it once per connection, a third of its cost otherwise.
    name: 'store-batch',
    text: storeBatchText,
    values: [
      drafts.map((_, n) => n),
      column('id'),
      column('conversationId'),
      column('senderId'),
      column('messageType'),
      column('content'),
      column('metadata'),
      column('clientMessageId'),
      column('parentMessageId'),
      told,
      audited,
      pushes,
    ],
  })
  return rows
}

/** Which of these drafts are stored: asked after a connection was lost while a batch was under way. */
export async function findStored(client: pg.Client, drafts: readonly Draft[]): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>('select id from messages where id = any($1::uuid[])', [
    drafts.map((draft) => draft.id),
  ])
  return new Set(rows.map((row) => row.id))
}

/** Settings of the connection that runs the statement above. */
export const writerSettings = `
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan`
