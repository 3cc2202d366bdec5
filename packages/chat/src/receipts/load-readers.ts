import type { ConversationId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { groupBy } from '../group-by.js'
import { readersOf, type Readers } from './readers.js'
import { listMemberReceipts, listReceiptsAt } from './receipts.sql.js'

/** Where a message stands; rows of messages fit. */
export interface Position {
  conversation_id: string
  seq: string
  sender_id: string
}

/** Who got and who read messages of one conversation: one query, whatever their number. */
export async function loadReaders(db: Kysely<Tables>, conversationId: ConversationId, messages: readonly Position[]): Promise<Readers> {
  if (messages.length === 0) return readersOf([])
  const seqs = messages.map((message) => Number(message.seq))
  const senderIds = messages.map((message) => message.sender_id)
  return readersOf(await listMemberReceipts(db, conversationId, { from: Math.min(...seqs), to: Math.max(...seqs), senderIds }))
}

/** The same for single messages of any conversations: a function that gives the readers of each. */
export async function loadReadersAcross(db: Kysely<Tables>, messages: readonly Position[]): Promise<(message: Position) => Readers> {
  const key = ({ conversation_id, seq }: { conversation_id: string; seq: string }) => `${conversation_id} ${seq}`
  const receipts = groupBy(await listReceiptsAt(db, messages), key)
  return (message) => readersOf(receipts.get(key(message)) ?? [])
}
