import type pg from 'pg'
import type { KnownConversation } from './known-senders.js'
import { listOf, toldOf, type BatchOptions, type Draft, type SentRow } from './send-statement.js'
import { uuidArray } from './uuid-array.js'

// What `storeBatch` does, for drafts whose senders were let send before and that answer nothing: nobody is judged, and all that is looked up is who they are,
// and client ids. The conversations come with how many messages each gets, and a draft with its place among those of its conversation. A conversation
// whose members changed meanwhile has another version: nothing of it is stored. Where one client id was used before, nothing is: the counts are wrong then.
export const storeKnownBatchText = `
with repeated as materialized (
  select exists (
    select from unnest($5::uuid[], $6::uuid[], $11::text[]) as i (conversation_id, sender_id, client_message_id)
    cross join lateral (
      select from messages where i.client_message_id is not null
        and conversation_id = i.conversation_id and sender_id = i.sender_id and client_message_id = i.client_message_id offset 0
    ) e
  ) as any
), bumped as (
  update conversations c set last_seq = c.last_seq + a.total, message_count = c.message_count + a.total, version = c.version + 1,
    last_message_at = greatest(c.last_message_at, clock_timestamp()::timestamptz(3))
  from unnest($1::uuid[], $2::bigint[], $3::int[]) as a (id, membership_version, total)
  where c.id = any(array[a.id]) and c.membership_version = a.membership_version and not (select r.any from repeated r)
  returning c.id, c.last_seq - a.total as seq_before, c.last_message_at as at
), taken as materialized (
  select array_agg(id) as ids, array_agg(seq_before) as seqs_before, array_agg(at) as times from (select * from bumped order by id) b
), found as (
  select i.*, t.*, width_bucket(i.conversation_id, t.ids) as place, u.first_name, u.last_name, u.avatar_url, u.role
  from taken t
  cross join unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[]) with ordinality
    as i (id, conversation_id, sender_id, rank, message_type, content, metadata, client_message_id, n)
  left join users u on u.id = i.sender_id offset 0
), numbered as materialized (
  select n, id, conversation_id, sender_id, message_type, content, metadata::jsonb as metadata, client_message_id, times[place] as created_at,
    case when ids[place] = conversation_id then seqs_before[place] + rank end as seq, first_name, last_name, avatar_url, role
  from found
), stored as (
  insert into messages (conversation_id, seq, id, sender_id, message_type, content, metadata, client_message_id, created_at, updated_at)
  select conversation_id, seq, id, sender_id, message_type, content, metadata, client_message_id, created_at, created_at from numbered where seq is not null
), ${toldOf({ told: '$12', audited: '$13', pushes: '$14' })}
select n::int - 1 as n, case when seq is not null then 'SENT' when (select r.any from repeated r) then 'JUDGE' else 'RETRY' end as verdict, (select id from untold) as outbox_id, seq,
  extract(epoch from created_at)::float8 * 1000 as created_ms, nullif(metadata, '{}') as metadata, first_name, last_name, avatar_url, role
from numbered order by n`

/**
 * Stores a batch in one transaction, as `storeBatch` does.
 * @param drafts answer nothing: none has a parent.
 * @param conversations is the one of each draft.
 */
export async function storeKnownBatch(
  client: pg.Client,
  drafts: readonly Draft[],
  conversations: readonly KnownConversation[],
  { told, audited, pushes }: Omit<BatchOptions, 'mayBeSealed'>,
): Promise<SentRow[]> {
  const totals = new Map<KnownConversation, number>()
  const ranks = conversations.map((conversation) => {
    const rank = (totals.get(conversation) ?? 0) + 1
    totals.set(conversation, rank)
    return rank
  })
  // As `storeBatch` changes them.
  const inOrder = [...totals.keys()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const column = <K extends keyof Draft>(key: K) => drafts.map((draft) => draft[key])
  const { rows } = await client.query<SentRow>({
    name: 'store-known-batch',
    text: storeKnownBatchText,
    values: [
      uuidArray(inOrder.map(({ id }) => id)),
      listOf(inOrder.map(({ membershipVersion }) => membershipVersion)),
      listOf(inOrder.map((conversation) => totals.get(conversation) ?? 0)),
      uuidArray(column('id')),
      uuidArray(column('conversationId')),
      uuidArray(column('senderId')),
      listOf(ranks),
      listOf(column('messageType')),
      column('content'),
      column('metadata'),
      column('clientMessageId'),
      told,
      audited,
      pushes,
    ],
  })
  return rows
}
