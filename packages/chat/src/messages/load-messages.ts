import type { ConversationId, Message, MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { loadReaders, loadReadersAcross } from '../receipts/load-readers.js'
import { toMessage, type MessageRow } from './message-row.js'
import { findMessage, listAt, listChanged, listNewest } from './messages.sql.js'

/** Turns rows of one conversation into messages. */
export async function withReceipts(db: Kysely<Tables>, conversationId: ConversationId, rows: readonly MessageRow[]): Promise<Message[]> {
  const readers = await loadReaders(db, conversationId, rows)
  return rows.map((row) => toMessage(row, readers))
}

/** A message by id, a deleted one as its tombstone. */
export async function loadMessage(db: Kysely<Tables>, id: MessageId): Promise<Message | undefined> {
  const row = await findMessage(db, id)
  const [message] = row ? await withReceiptsAcross(db, [row]) : []
  return message
}

/** The newest message of each conversation that is not deleted; those without one are left out. */
export async function loadNewestMessages(db: Kysely<Tables>, conversationIds: readonly ConversationId[]): Promise<Message[]> {
  return withReceiptsAcross(db, await listNewest(db, conversationIds))
}

/** Messages at the given places, in order; deleted ones are left out. */
export async function loadMessagesAt(db: Kysely<Tables>, at: readonly (readonly [ConversationId, number])[]): Promise<Message[]> {
  return withReceiptsAcross(db, await listAt(db, at))
}

export interface ChangesAsked {
  userId: UserId
  /** The transaction from which on changes count. */
  since: string
  /** Only messages behind this position. */
  after: { conversationId: string; seq: number } | undefined
  limit: number
}

/** Messages of the person's conversations that changed since a snapshot, in order of conversation and seq. */
export async function loadChangedMessages(db: Kysely<Tables>, { userId, since, after, limit }: ChangesAsked): Promise<Message[]> {
  return withReceiptsAcross(db, await listChanged(db, userId, since, after, limit))
}

async function withReceiptsAcross(db: Kysely<Tables>, rows: readonly MessageRow[]): Promise<Message[]> {
  const readersOf = await loadReadersAcross(db, rows)
  return rows.map((row) => toMessage(row, readersOf(row)))
}
