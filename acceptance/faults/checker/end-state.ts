import type { Conversation, Message } from '@viatra-chat/contract'
import type pg from 'pg'
import type { Population } from '../clients/population.js'
import type { VirtualClient } from '../clients/virtual-client.js'
import { listConversations, type StoredConversation } from './stored-conversations.js'

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

/** Everything there is once the faults are over: as stored, and as each member reads it. */
export interface EndState {
  /** By conversation, ascending seq. */
  readonly stored: ReadonlyMap<string, readonly StoredMessage[]>
  readonly lastSeqs: ReadonlyMap<string, number>
  readonly conversations: ReadonlyMap<string, StoredConversation>
  readonly readings: readonly Reading[]
}

export async function readEndState(database: pg.Pool, population: Population): Promise<EndState> {
  const ids = [...population.members.keys()]
  const { rows } = await database.query<{ id: string; last_seq: string }>('select id, last_seq from conversations where id = any($1)', [
    ids,
  ])
  const readings = await Promise.all(population.accounts.map(({ id }) => readAll(population, population.deviceOf(id))))
  return {
    stored: await listStored(database, ids),
    lastSeqs: new Map(rows.map(({ id, last_seq }) => [id, Number(last_seq)])),
    conversations: await listConversations(database, ids),
    readings: readings.flat(),
  }
}

export async function listStored(database: pg.Pool, conversationIds: readonly string[]): Promise<Map<string, StoredMessage[]>> {
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
