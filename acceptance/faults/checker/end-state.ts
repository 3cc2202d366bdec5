import type { Conversation, Message } from '@viatra-chat/contract'
import type pg from 'pg'
import type { Population } from '../clients/population.js'
import type { Facts } from '../clients/known-conversation.js'
import type { VirtualClient } from '../clients/virtual-client.js'

/** A message as it is stored. */
export interface StoredMessage {
  id: string
  conversation_id: string
  seq: number
  sender_id: string
  content: string | null
  message_type: string
  client_message_id: string | null
  is_deleted: boolean
}

/** What one member reads over REST, all pages of it. */
export interface Reading {
  userId: string
  conversation: Conversation
  /** Ascending seq. */
  messages: readonly Message[]
}

/** What one participant got and read, as seqs. */
export interface StoredMarks {
  userId: string
  delivered: ReadonlySet<number>
  read: ReadonlySet<number>
}

/** What is stored and clients are told of. By conversation. */
export interface Stored {
  /** Ascending seq. */
  readonly stored: ReadonlyMap<string, readonly StoredMessage[]>
  readonly marks: ReadonlyMap<string, readonly StoredMarks[]>
  readonly facts: ReadonlyMap<string, Facts>
}

/** Everything there is once the faults are over: as stored, and as each member reads it. */
export interface EndState extends Stored {
  readonly lastSeqs: ReadonlyMap<string, number>
  readonly readings: readonly Reading[]
}

export async function readEndState(database: pg.Pool, population: Population): Promise<EndState> {
  const ids = [...population.members.keys()]
  const { rows } = await database.query<{ id: string; last_seq: string }>('select id, last_seq from conversations where id = any($1)', [
    ids,
  ])
  const readings = await Promise.all(population.accounts.map(({ id }) => readAll(population, population.deviceOf(id))))
  return {
    ...(await readStored(database, ids)),
    lastSeqs: new Map(rows.map(({ id, last_seq }) => [id, Number(last_seq)])),
    readings: readings.flat(),
  }
}

export async function readStored(database: pg.Pool, conversationIds: readonly string[]): Promise<Stored> {
  const [stored, { marks, facts }] = await Promise.all([listStored(database, conversationIds), listMembers(database, conversationIds)])
  return { stored, marks, facts }
}

async function listMembers(database: pg.Pool, conversationIds: readonly string[]): Promise<Pick<Stored, 'marks' | 'facts'>> {
  const { rows } = await database.query<{
    conversation_id: string
    metadata: Record<string, unknown>
    user_id: string
    role: string
    delivered_seqs: string
    read_seqs: string
  }>(
    `select m.conversation_id, c.metadata, m.user_id, m.role, m.delivered_seqs, m.read_seqs
     from conversation_members m join conversations c on c.id = m.conversation_id where c.id = any($1)`,
    [conversationIds],
  )
  const marks = new Map<string, StoredMarks[]>()
  const facts = new Map<string, Facts>()
  for (const { conversation_id: id, metadata, user_id: userId, role, delivered_seqs, read_seqs } of rows) {
    marks.set(id, [...(marks.get(id) ?? []), { userId, delivered: toSeqs(delivered_seqs), read: toSeqs(read_seqs) }])
    facts.set(id, { metadata, roles: [...(facts.get(id)?.roles ?? []), `${userId} ${role}`].sort() })
  }
  return { marks, facts }
}

/** Of a multirange as PostgreSQL writes it: `{[1,4),[6,7)}`. */
function toSeqs(ranges: string): Set<number> {
  const seqs = new Set<number>()
  for (const [, from, end] of ranges.matchAll(/\[(\d+),(\d+)\)/g)) for (let seq = Number(from); seq < Number(end); seq++) seqs.add(seq)
  return seqs
}

async function listStored(database: pg.Pool, conversationIds: readonly string[]): Promise<Map<string, StoredMessage[]>> {
  const { rows } = await database.query<Omit<StoredMessage, 'seq'> & { seq: string }>(
    `select id, conversation_id, seq, sender_id, content, message_type, client_message_id, is_deleted
     from messages where conversation_id = any($1) order by conversation_id, seq`,
    [conversationIds],
  )
  const stored = new Map(conversationIds.map((id): [string, StoredMessage[]] => [id, []]))
  for (const row of rows) stored.get(row.conversation_id)?.push({ ...row, seq: Number(row.seq) })
  return stored
}

async function readAll(population: Population, client: VirtualClient): Promise<Reading[]> {
  const readings: Reading[] = []
  for (const [conversationId, userIds] of population.members) {
    if (!userIds.has(client.account.id)) continue
    const path = `/api/v1/chat/conversations/${conversationId}`
    const conversation = await get<Conversation>(client, path)
    readings.push({ userId: client.account.id, conversation, messages: await readHistory(client, `${path}/messages?limit=100`) })
  }
  return readings
}

interface HistoryPage {
  messages: Message[]
  pagination: { next_cursor: string | null }
}

async function readHistory(client: VirtualClient, path: string): Promise<Message[]> {
  const messages: Message[] = []
  for (let before = ''; ;) {
    const page = await get<HistoryPage>(client, `${path}${before}`)
    messages.push(...page.messages)
    if (page.pagination.next_cursor === null) return messages.reverse()
    before = `&before=${page.pagination.next_cursor}`
  }
}

async function get<T>(client: VirtualClient, path: string): Promise<T> {
  const outcome = await client.rest({ method: 'GET', path })
  if (outcome.kind === 'silence' || outcome.status !== 200) throw new Error(`${path} could not be read: ${JSON.stringify(outcome)}`)
  return outcome.body.data as T
}
