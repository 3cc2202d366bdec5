import type { MessageId, OperationInput, OperationOutput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership, type Membership } from '../membership/membership.js'
import { Refusal } from '../refusal.js'
import { announceReceipts } from './announce-receipts.js'
import { countUnread } from './count-unread.js'
import { isToldToRoom } from './is-told-to-room.js'
import { markSeqs } from './receipts.sql.js'

/** Marks messages as read; answers those newly marked and what is still unread. */
export async function markRead(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'mark_read'>,
): Promise<Answer<OperationOutput<'mark_read'>>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  const message_ids = await mark(chat, membership, 'read', input.message_ids)
  if (message_ids.length > 0) chat.badges.changed(actor.userId)
  return { data: { message_ids, unread_count: await countUnread(chat.db, membership.conversation.id, actor.userId) } }
}

/** Marks messages as delivered; answers those newly marked. */
export async function markDelivered(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'mark_delivered'>,
): Promise<Answer<OperationOutput<'mark_delivered'>>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  return { data: { message_ids: await mark(chat, membership, 'delivered', input.message_ids) } }
}

async function mark(chat: Chat, membership: Membership, kind: 'read' | 'delivered', ids: readonly MessageId[]): Promise<MessageId[]> {
  const marked = await markSeqs(chat.db, membership, kind, ids)
  if (marked.kind === 'no_member') throw new Refusal('NOT_A_PARTICIPANT')
  if (marked.kind === 'nothing_new') return []
  const { outboxId, at, messages } = marked
  const conversationId = membership.conversation.id
  const marks = { conversationId, userId: membership.userId, at: at.toISOString(), toRoom: isToldToRoom(membership), messages }
  void chat.outbox.deliver(chat, outboxId, (telling) => announceReceipts(telling, `message_${kind}`, marks))
  return messages.map(([id]) => id)
}
