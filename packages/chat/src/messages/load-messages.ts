import type { ConversationId, Message, MessageId } from '@viatra-chat/contract'
import { loadReaders, loadReadersAcross } from '../receipts/load-readers.js'
import { toMessage, type MessageRow } from './message-row.js'
import { openRows, type Reading } from './open-rows.js'
import { findConversationOf, findMessage, listAt, listChanged, listNewest, type ChangesAsked } from './messages.sql.js'

/** Turns rows of one conversation into messages. */
export async function withReceipts(at: Reading, conversationId: ConversationId, rows: readonly MessageRow[]): Promise<Message[]> {
  const readers = await loadReaders(at.db, conversationId, rows)
  return (await openRows(at, rows)).map((row) => toMessage(row, readers))
}

/** A message by id alone, a deleted one as its tombstone. */
export async function loadMessageById(at: Reading, id: MessageId): Promise<Message | undefined> {
  const conversationId = await findConversationOf(at.db, id)
  return conversationId && loadMessage(at, conversationId, id)
}

/** A message of a conversation by id, a deleted one as its tombstone. */
export async function loadMessage(at: Reading, conversationId: ConversationId, id: MessageId): Promise<Message | undefined> {
  const row = await findMessage(at.db, conversationId, id)
  const [message] = row ? await withReceiptsAcross(at, [row]) : []
  return message
}

/** The newest message of each conversation that is not deleted, opened, without its receipts; conversations without one are left out. */
export async function findNewest(at: Reading, conversationIds: readonly ConversationId[]): Promise<readonly MessageRow[]> {
  return openRows(at, await listNewest(at.db, conversationIds))
}

/** The newest message of a conversation that is not deleted. */
export async function loadNewestMessage(at: Reading, conversationId: ConversationId): Promise<Message | undefined> {
  const [message] = await withReceiptsAcross(at, await listNewest(at.db, [conversationId]))
  return message
}

/** Messages at the given places, in order; deleted ones are left out. */
export async function loadMessagesAt(at: Reading, places: readonly (readonly [ConversationId, number])[]): Promise<Message[]> {
  return withReceiptsAcross(at, await listAt(at.db, places))
}

/** Messages of the person's conversations that changed since a snapshot, in order of conversation and seq, and whether there are more behind them. */
export async function loadChangedMessages(at: Reading, asked: ChangesAsked): Promise<{ messages: Message[]; hasMore: boolean }> {
  const rows = await listChanged(at.db, asked)
  return { messages: await withReceiptsAcross(at, rows), hasMore: Number(rows[0]?.found ?? 0) > rows.length }
}

async function withReceiptsAcross(at: Reading, rows: readonly MessageRow[]): Promise<Message[]> {
  const readersOf = await loadReadersAcross(at.db, rows)
  return (await openRows(at, rows)).map((row) => toMessage(row, readersOf(row)))
}
