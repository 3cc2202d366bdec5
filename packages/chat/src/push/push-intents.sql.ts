import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'
import type { JoinedQuietHours } from './quiet-hours.js'

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

/** Ends intents, and gives those that nobody else had ended: of the others nothing of what was decided may be kept. */
export async function endIntents(tx: Transaction<Tables>, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    delete from push_intents where id in (select id from push_intents where id = any(${[...ids]}::bigint[]) order by id for update) returning id`.execute(
    tx,
  )
  return new Set(rows.map(({ id }) => id))
}

/** People who are looked at once more, about one message. */
export interface SecondLook {
  place: [ConversationId, number]
  people: readonly UserId[]
}

/** Looks at these people once more after some time. */
export async function planSecondLooks(tx: Transaction<Tables>, looks: readonly SecondLook[], inMs: number): Promise<void> {
  if (looks.length === 0) return
  const rows = JSON.stringify(looks.map(({ place, people }) => ({ messages: [place], people })))
  await sql`
    insert into push_intents (messages, people, due_at)
    select messages, people, clock_timestamp() + ${inMs} * interval '1 ms'
    from jsonb_to_recordset(${rows}::jsonb) as look (messages jsonb, people uuid[])`.execute(tx)
}

/** A message whose people are looked at. */
export interface PlaceToLookAt {
  intentId: string
  conversationId: ConversationId
  seq: number
  /** Whoever of them; null: everybody, for the first time. */
  people: UserId[] | null
  /** After whom to go on, if they were looked at in part. */
  after: UserId | null
}

/** Somebody who has a device and may have to hear of a message. */
export interface Candidate extends JoinedQuietHours {
  /** Which of the places. */
  place: number
  message_id: string
  conversation_id: ConversationId
  user_id: UserId
  /** Of the message: what is pushed of it is worth sending until so long after. */
  created_at: Date
  is_expired: boolean
  is_read: boolean
  is_delivered: boolean
  is_muted: boolean
  is_mentioned: boolean
  is_active: boolean
}

/** Participants with a device, but the sender, of messages that are not deleted: at most `limit`, place by place. */
export async function listCandidates(
  db: Kysely<Tables>,
  places: readonly PlaceToLookAt[],
  { limit, expiresMs }: { limit: number; expiresMs: number },
): Promise<Candidate[]> {
  const rowsOfPlaces = JSON.stringify(places.map(({ conversationId, ...place }, n) => ({ ...place, n, conversation_id: conversationId })))
  const { rows } = await sql<Candidate>`
    select p.n as place, msg.id as message_id, msg.conversation_id, m.user_id, u.is_active, msg.created_at,
      msg.created_at < clock_timestamp() - ${expiresMs} * interval '1 ms' as is_expired,
      m.read_seqs @> msg.seq as is_read, m.delivered_seqs @> msg.seq as is_delivered, coalesce(m.muted_until > now(), false) as is_muted,
      coalesce(jsonb_typeof(msg.metadata -> 'mentions') = 'array' and msg.metadata -> 'mentions' ? m.user_id::text, false) as is_mentioned,
      q.from_minute as quiet_from, q.to_minute as quiet_to, q.time_zone
    from jsonb_to_recordset(${rowsOfPlaces}::jsonb) as p (n int, conversation_id uuid, seq bigint, people uuid[], after uuid)
    join messages msg on msg.conversation_id = p.conversation_id and msg.seq = p.seq
    join conversation_members m on m.conversation_id = p.conversation_id and m.user_id <> msg.sender_id
    join users u on u.id = m.user_id
    left join quiet_hours q on q.user_id = m.user_id
    where not msg.is_deleted
      and (p.people is null or m.user_id = any(p.people))
      and (p.after is null or m.user_id > p.after)
      and exists (select from devices d where d.user_id = m.user_id)
    order by p.n, m.user_id limit ${limit}`.execute(db)
  return rows
}
