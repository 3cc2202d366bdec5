import type { ConversationId, MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import type { Membership } from '../membership/membership.js'
import { isToldToRoom } from './is-told-to-room.js'
import type { MemberReceiptsRow } from './readers.js'

/** What a mark did: a row of the outbox, and the messages that are newly marked, in order of seq. */
export interface Marked {
  kind: 'marked'
  outboxId: string
  at: Date
  messages: [MessageId, sender: UserId][]
}

type MarkedRow = Omit<Marked, 'kind'> | { outboxId: null; at: null; messages: null }

// A member's own and deleted messages have no receipts and are never asked for. Those next to what is marked are covered with it: as gaps they
// would break the multirange into a piece per turn of a talk, and after 10,000 messages a mark would write 80 KB instead of 1.
const bridgedBefore = 32
const bridgedWithin = 512

/**
 * Marks messages as read or delivered for the member, unless all of them were. One small row update whatever
 * the number of ids, and a row in the log for each bucket of 32 seqs. The member's row is locked first, so that two devices marking
 * the same message at once announce it once; whoever was removed while this waited has none any more.
 */
export async function markSeqs(
  db: Kysely<Tables>,
  membership: Membership,
  kind: 'read' | 'delivered',
  ids: readonly MessageId[],
): Promise<Marked | { kind: 'nothing_new' } | { kind: 'no_member' }> {
  const conversationId = membership.conversation.id
  const alreadyMarked = sql.ref(`me.${kind}_seqs`)
  const read = kind === 'read' ? sql`cm.read_seqs + r.seqs` : sql`cm.read_seqs`
  const { rows } = await sql<MarkedRow>`
    with me as materialized (
      select delivered_seqs, read_seqs from conversation_members
      where conversation_id = ${conversationId} and user_id = ${membership.userId} for no key update
    ), fresh as materialized (
      select m.id, m.seq, m.sender_id from messages m cross join me
      where m.conversation_id = ${conversationId} and m.id = any(${[...ids]}::uuid[])
        and m.sender_id <> ${membership.userId} and not m.is_deleted and not ${alreadyMarked} @> m.seq
    ), covered as (
      select seq from fresh
      union all
      select m.seq from (select min(seq) as low, max(seq) as high from fresh) f
      join messages m on m.conversation_id = ${conversationId}
        and m.seq between f.low - ${bridgedBefore} and least(f.high, f.low + ${bridgedWithin})
      where m.sender_id = ${membership.userId} or m.is_deleted
    ), added as (
      select range_agg(int8range(seq, seq + 1)) as seqs from covered
    ), marked as (
      update conversation_members cm
      set delivered_seqs = cm.delivered_seqs + r.seqs, read_seqs = ${read}, receipts_version = cm.receipts_version + 1
      from added r
      where cm.conversation_id = ${conversationId} and cm.user_id = ${membership.userId} and r.seqs is not null
    ), logged as (
      insert into receipt_marks (conversation_id, bucket, user_id, kind, seqs)
      select ${conversationId}::uuid, seq >> 5, ${membership.userId}::uuid, ${kind}, range_agg(int8range(seq, seq + 1))
      from fresh group by seq >> 5
    ), summed as (
      select now()::timestamptz(3) as at, jsonb_agg(jsonb_build_array(id, sender_id) order by seq) as messages from fresh having count(*) > 0
    ), untold as (
      insert into outbox (announcement)
      select jsonb_build_object('kind', 'receipts', 'event', ${`message_${kind}`}::text, 'marks', jsonb_build_object(
        'conversationId', ${conversationId}::uuid, 'userId', ${membership.userId}::uuid, 'at', s.at, 'toRoom', ${isToldToRoom(membership)}::boolean,
        'messages', s.messages)) from summed s
      returning id
    )
    select untold.id as "outboxId", summed.at, summed.messages from me left join summed on true left join untold on true`.execute(db)
  const [row] = rows
  if (!row) return { kind: 'no_member' }
  return row.outboxId === null ? { kind: 'nothing_new' } : { kind: 'marked', ...row }
}

/** Receipts of a stretch of history: every member who has one in it or is one of the senders, ordered by id, clipped to the stretch. */
export async function listMemberReceipts(
  db: Kysely<Tables>,
  conversationId: ConversationId,
  stretch: { from: number; to: number; senderIds: readonly string[] },
): Promise<MemberReceiptsRow[]> {
  const span = sql`int8range(${stretch.from}, ${stretch.to + 1})`
  const { rows } = await sql<MemberReceiptsRow>`
    select user_id, delivered_seqs * int8multirange(${span}) as delivered_seqs, read_seqs * int8multirange(${span}) as read_seqs
    from conversation_members
    where conversation_id = ${conversationId} and (delivered_seqs && ${span} or user_id = any(${[...stretch.senderIds]}::uuid[]))
    order by user_id`.execute(db)
  return rows
}

/** Receipts of single messages of any conversations: per message those who have one, and its sender, ordered by id. */
export async function listReceiptsAt(
  db: Kysely<Tables>,
  at: readonly { conversation_id: string; seq: string; sender_id: string }[],
): Promise<(MemberReceiptsRow & { conversation_id: string; seq: string })[]> {
  if (at.length === 0) return []
  const { rows } = await sql<MemberReceiptsRow & { conversation_id: string; seq: string }>`
    select a.conversation_id, a.seq, cm.user_id,
      cm.delivered_seqs * int8multirange(int8range(a.seq, a.seq + 1)) as delivered_seqs,
      cm.read_seqs * int8multirange(int8range(a.seq, a.seq + 1)) as read_seqs
    from unnest(${at.map((one) => one.conversation_id)}::uuid[], ${at.map((one) => one.seq)}::bigint[], ${at.map((one) => one.sender_id)}::uuid[])
      as a (conversation_id, seq, sender_id)
    join conversation_members cm on cm.conversation_id = a.conversation_id and (cm.delivered_seqs @> a.seq or cm.user_id = a.sender_id)
    order by cm.user_id`.execute(db)
  return rows
}

export interface ReceiptTimesRow {
  user_id: UserId
  delivered_at: Date | null
  read_at: Date | null
}

/** When each current member got and read one message, ordered by id; the sender's times are left to the caller. */
export async function listReceiptTimes(db: Kysely<Tables>, conversationId: ConversationId, seq: number): Promise<ReceiptTimesRow[]> {
  const { rows } = await sql<ReceiptTimesRow>`
    select cm.user_id, min(k.at) as delivered_at, min(k.at) filter (where k.kind = 'read') as read_at
    from conversation_members cm
    left join receipt_marks k on k.conversation_id = cm.conversation_id and k.bucket = ${seq}::bigint >> 5
      and k.user_id = cm.user_id and k.seqs @> ${seq}::bigint
    where cm.conversation_id = ${conversationId}
    group by cm.user_id order by cm.user_id`.execute(db)
  return rows
}
