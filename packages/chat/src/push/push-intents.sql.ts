import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'

export interface PushIntent {
  id: string
  messages: [ConversationId, number][]
  /** Who is looked at again; null: everybody, for the first time. */
  people: UserId[] | null
}

/** Takes intents that are due for some time: if the process dies meanwhile, another one takes them afterwards. */
export async function leaseIntents(db: Kysely<Tables>, { limit, leaseMs }: { limit: number; leaseMs: number }): Promise<PushIntent[]> {
  const { rows } = await sql<PushIntent>`
    update push_intents set due_at = clock_timestamp() + ${leaseMs} * interval '1 ms'
    where id in (select id from push_intents where due_at <= clock_timestamp() order by id limit ${limit} for update skip locked)
    returning id, messages, people`.execute(db)
  return rows
}

/** False when somebody else has ended it: then nothing of what was decided may be kept. */
export async function endIntent(tx: Transaction<Tables>, id: string): Promise<boolean> {
  const { rows } = await sql`delete from push_intents where id = ${id} returning id`.execute(tx)
  return rows.length > 0
}

/** Looks at these people once more after some time. */
export async function planSecondLook(
  tx: Transaction<Tables>,
  place: [ConversationId, number],
  people: readonly UserId[],
  inMs: number,
): Promise<void> {
  await sql`
    insert into push_intents (messages, people, due_at)
    values (${JSON.stringify([place])}::jsonb, ${[...people]}::uuid[], clock_timestamp() + ${inMs} * interval '1 ms')`.execute(tx)
}

/** Somebody who has a device and may have to hear of a message. */
export interface Candidate {
  message_id: string
  conversation_id: ConversationId
  seq: string
  user_id: UserId
  /** Of the message: what is pushed of it is worth sending until so long after. */
  created_at: Date
  is_expired: boolean
  is_read: boolean
  is_delivered: boolean
  is_muted: boolean
  is_mentioned: boolean
  is_active: boolean
  quiet_from: number | null
  quiet_to: number | null
  time_zone: string | null
}

/** Participants with a device, but the sender, of messages that are not deleted: at most `limit` of them after a person. */
export async function listCandidates(
  db: Kysely<Tables>,
  place: [ConversationId, number],
  { people, after, limit, expiresMs }: { people: UserId[] | null; after: UserId | null; limit: number; expiresMs: number },
): Promise<Candidate[]> {
  const [conversationId, seq] = place
  const { rows } = await sql<Candidate>`
    select msg.id as message_id, msg.conversation_id, msg.seq, m.user_id, u.is_active, msg.created_at,
      msg.created_at < clock_timestamp() - ${expiresMs} * interval '1 ms' as is_expired,
      m.read_seqs @> msg.seq as is_read, m.delivered_seqs @> msg.seq as is_delivered, coalesce(m.muted_until > now(), false) as is_muted,
      coalesce(jsonb_typeof(msg.metadata -> 'mentions') = 'array' and msg.metadata -> 'mentions' ? m.user_id::text, false) as is_mentioned,
      q.from_minute as quiet_from, q.to_minute as quiet_to, q.time_zone
    from messages msg
    join conversation_members m on m.conversation_id = msg.conversation_id and m.user_id <> msg.sender_id
    join users u on u.id = m.user_id
    left join quiet_hours q on q.user_id = m.user_id
    where msg.conversation_id = ${conversationId} and msg.seq = ${seq} and not msg.is_deleted
      and (${people}::uuid[] is null or m.user_id = any(${people}::uuid[]))
      and (${after}::uuid is null or m.user_id > ${after}::uuid)
      and exists (select from devices d where d.user_id = m.user_id)
    order by m.user_id limit ${limit}`.execute(db)
  return rows
}
