import type { ConversationId, Message } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { groupBy } from '../group-by.js'
import { readersOf } from '../receipts/readers.js'
import { listMemberReceipts, listReceiptsAt } from '../receipts/receipts.sql.js'
import { toMessage, type MessageRow } from './message-row.js'

/** Turns rows of one conversation into messages; one query for the receipts of them all. */
export async function withReceipts(db: Kysely<Tables>, conversationId: ConversationId, rows: readonly MessageRow[]): Promise<Message[]> {
  if (rows.length === 0) return []
  const seqs = rows.map((row) => Number(row.seq))
  const receipts = await listMemberReceipts(db, conversationId, {
    from: Math.min(...seqs),
    to: Math.max(...seqs),
    senderIds: rows.map((row) => row.sender_id),
  })
  const readers = readersOf(receipts)
  return rows.map((row) => toMessage(row, readers))
}

/** The same for rows of any conversations, single ones of each: one query as well. */
export async function withReceiptsAcross(db: Kysely<Tables>, rows: readonly MessageRow[]): Promise<Message[]> {
  const position = (row: { conversation_id: string; seq: string }) => `${row.conversation_id} ${row.seq}`
  const receipts = groupBy(await listReceiptsAt(db, rows), position)
  return rows.map((row) => toMessage(row, readersOf(receipts.get(position(row)) ?? [])))
}
