import type { Message, OperationInput, OperationOutput, Receipt } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership } from '../membership/membership.js'
import { loadMessageById } from '../messages/load-messages.js'
import { Refusal } from '../refusal.js'
import { listReceiptTimes, type ReceiptTimesRow } from './receipts.sql.js'

/** Who got and who read one message, and when. A deleted message has no receipts. */
export async function listReceipts(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'list_receipts'>,
): Promise<Answer<OperationOutput<'list_receipts'>>> {
  const message = await loadMessageById(chat, input.message_id)
  if (!message) throw new Refusal('MESSAGE_NOT_FOUND')
  const { conversation } = await requireMembership(chat, actor, message.conversation_id)
  if (message.is_deleted) throw new Refusal('MESSAGE_NOT_FOUND')
  const rows = await listReceiptTimes(chat.db, conversation.id, message.seq)
  return { data: { receipts: rows.map((row) => toReceipt(row, message)) } }
}

function toReceipt(row: ReceiptTimesRow, message: Message): Receipt {
  const time = (at: Date | null) => (row.user_id === message.sender_id ? message.created_at : (at?.toISOString() ?? null))
  return { user_id: row.user_id, delivered_at: time(row.delivered_at), read_at: time(row.read_at) }
}
