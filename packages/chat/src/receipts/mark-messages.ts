import { bounds, type OperationInput, type OperationOutput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { conversationRoom, userRoom } from '../events/rooms.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership, type Membership } from '../membership/membership.js'
import { countUnread } from './count-unread.js'
import { markSeqs, type MarkedRow } from './receipts.sql.js'

/** Marks messages as read; answers those newly marked and what is still unread. */
export async function markRead(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'mark_read'>,
): Promise<Answer<OperationOutput<'mark_read'>>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  const marked = await markSeqs(chat.db, membership, 'read', input.message_ids)
  announceReceipts(chat, membership, 'message_read', marked)
  const unread = await countUnread(chat.db, [membership.conversation.id], actor.userId)
  return { data: { message_ids: marked.map((row) => row.id), unread_count: unread.get(membership.conversation.id) ?? 0 } }
}

/** Marks messages as delivered; answers those newly marked. */
export async function markDelivered(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'mark_delivered'>,
): Promise<Answer<OperationOutput<'mark_delivered'>>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  const marked = await markSeqs(chat.db, membership, 'delivered', input.message_ids)
  announceReceipts(chat, membership, 'message_delivered', marked)
  return { data: { message_ids: marked.map((row) => row.id) } }
}

// In a large conversation everybody telling everybody would be a storm: there only the sender of a message learns who got it.
function announceReceipts(
  chat: Chat,
  membership: Membership,
  event: 'message_read' | 'message_delivered',
  marked: readonly MarkedRow[],
): void {
  const { id: conversationId, participantCount } = membership.conversation
  const toAll = participantCount <= bounds.receiptRoomParticipantsMax
  for (const { id: messageId, sender_id, at } of marked) {
    const payload = { messageId, userId: membership.userId, conversationId, at: at.toISOString() }
    chat.events.publish(event, payload, { rooms: [toAll ? conversationRoom(conversationId) : userRoom(sender_id)] })
  }
}
