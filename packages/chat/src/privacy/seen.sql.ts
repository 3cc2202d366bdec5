import type { ConversationId, MessageId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type RawBuilder } from 'kysely'

export interface SeenMessage {
  message_id: MessageId
  conversation_id: ConversationId
  seq: string
  sender_id: string
  created_at: Date
  is_deleted: boolean
  deleted_at: Date | null
}

/** Messages of a conversation above a seq, oldest first, deleted ones too. */
export async function listMessagesSeen(
  db: Kysely<Tables>,
  { conversationId, aboveSeq, limit }: { conversationId: ConversationId; aboveSeq: string; limit: number },
): Promise<SeenMessage[]> {
  return selectSeen(db, sql`conversation_id = ${conversationId} and seq > ${aboveSeq}::bigint order by seq limit ${limit}`)
}

export async function findMessageSeen(db: Kysely<Tables>, id: MessageId): Promise<SeenMessage | undefined> {
  const [message] = await selectSeen(db, sql`id = ${id}`)
  return message
}

async function selectSeen(db: Kysely<Tables>, condition: RawBuilder<unknown>): Promise<SeenMessage[]> {
  const { rows } = await sql<SeenMessage>`
    select id as message_id, conversation_id, seq, sender_id, created_at, is_deleted, deleted_at from messages where ${condition}`.execute(
    db,
  )
  return rows
}

export type Trace = Record<string, unknown>

/** What is known of how messages reached anybody; each gives rows of some messages, which are named by their ids. */
export const traces = {
  /** Everybody who could read it; whose receipts say that they did, and when, as far as their times are kept. */
  participant: (ids: readonly MessageId[]) => sql`
    select m.id as message_id, p.user_id, p.user_id = m.sender_id as is_sender, p.left_at,
      p.delivered_seqs @> m.seq as delivered, min(k.at) as delivered_at,
      p.read_seqs @> m.seq as read, min(k.at) filter (where k.kind = 'read') as read_at
    from messages m
    join (
      select conversation_id, user_id, null::timestamptz as left_at, delivered_seqs, read_seqs from conversation_members
      union all select conversation_id, user_id, left_at, delivered_seqs, read_seqs from former_members
    ) p on p.conversation_id = m.conversation_id and (p.left_at is null or p.left_at >= m.created_at)
    left join receipt_marks k on k.conversation_id = m.conversation_id and k.bucket = m.seq >> 5 and k.user_id = p.user_id and k.seqs @> m.seq
    where m.id = any(${[...ids]}::uuid[])
    group by m.id, m.seq, m.sender_id, p.user_id, p.left_at, p.delivered_seqs, p.read_seqs order by m.seq, p.user_id`,
  /** Those that were accepted for a device, and whether they showed what it says. */
  push: (ids: readonly MessageId[]) => sql`
    select l.message_id, u.user_id, l.at, l.detail is distinct from 'generic' as with_text
    from push_log l cross join unnest(l.user_ids) as u (user_id)
    where l.message_id = any(${[...ids]}::uuid[]) and l.outcome = 'sent' order by l.id, u.user_id`,
  administrator: (ids: readonly MessageId[]) => sql`
    select message_id, actor_id as user_id, at, reason, request_id from audit_log
    where message_id = any(${[...ids]}::uuid[]) and action = 'message_read_by_admin' order by id`,
  /** Pages of history that an administrator saw; where the row does not say which page it was, it counts. */
  emergency_access: (ids: readonly MessageId[], pageSize: number) => sql`
    select m.id as message_id, a.actor_id as user_id, a.at, a.reason, a.request_id from messages m
    join audit_log a on a.conversation_id = m.conversation_id and a.action = 'break_glass_used' and a.at >= m.created_at
    where m.id = any(${[...ids]}::uuid[]) and (not a.details ? 'before_seq' or m.seq < coalesce(
      (a.details ->> 'before_seq')::bigint,
      (select max(seq) + 1 from messages where conversation_id = m.conversation_id and created_at <= a.at)) and m.seq >= coalesce(
      (a.details ->> 'before_seq')::bigint,
      (select max(seq) + 1 from messages where conversation_id = m.conversation_id and created_at <= a.at)) - ${pageSize}::int)
    order by m.seq, a.id`,
  /** Exports of its sender, by an administrator or, without one, by the command. One by page names only pages of messages. */
  export: (ids: readonly MessageId[]) => sql`
    select m.id as message_id, a.actor_id as user_id, a.at, a.reason, a.request_id from messages m
    join audit_log a on a.subject_id = m.sender_id and a.action = 'data_exported' and a.at >= m.created_at
      and coalesce(a.details ->> 'section', 'message') = 'message'
    where m.id = any(${[...ids]}::uuid[]) order by m.seq, a.id`,
} satisfies Record<string, (ids: readonly MessageId[], pageSize: number) => RawBuilder<unknown>>

export type TraceKind = keyof typeof traces

export async function listTraces(db: Kysely<Tables>, kind: TraceKind, ids: readonly MessageId[], pageSize: number): Promise<Trace[]> {
  const { rows } = await sql<Trace>`${traces[kind](ids, pageSize)}`.execute(db)
  return rows
}
