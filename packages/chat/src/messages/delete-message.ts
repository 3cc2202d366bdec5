import type { ConversationId, MessageId, OperationInput } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { conversationRoom } from '../events/rooms.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { lockMembership, type Membership } from '../membership/membership.js'
import { Refusal } from '../refusal.js'
import { announceActivity } from './announce-message.js'
import { loadNewestMessages } from './load-messages.js'
import { findMessage, markDeleted } from './messages.sql.js'

/** Deletes one's own message for everyone; its content stays in the database for the audit. Repeating announces nothing. */
export async function deleteMessage(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'delete_message'>,
  context: CallContext,
): Promise<Answer<undefined>> {
  const message = await findMessage(chat.db, input.message_id)
  if (!message) throw new Refusal('MESSAGE_NOT_FOUND')
  const conversationId = message.conversation_id as ConversationId
  const deletion = await chat.db.transaction().execute(async (tx) => {
    const membership = await lockMembership(tx, actor, conversationId)
    if (message.sender_id !== actor.userId) throw new Refusal('NOT_THE_SENDER')
    const at = await markDeleted(tx, membership, input.message_id)
    if (at)
      await recordAudit(tx, { actorId: actor.userId, action: 'message_deleted', conversationId, messageId: input.message_id, ...context })
    return at && { at, membership }
  })
  if (deletion) await announceDeletion(chat, deletion.membership, input.message_id, Number(message.seq), deletion.at)
  return { message: 'Message deleted successfully' }
}

async function announceDeletion(chat: Chat, membership: Membership, messageId: MessageId, seq: number, at: Date): Promise<void> {
  const conversationId = membership.conversation.id
  const payload = { messageId, conversationId, userId: membership.userId, at: at.toISOString() }
  chat.events.publish('message_deleted', payload, { rooms: [conversationRoom(conversationId)] })
  const [newest] = await loadNewestMessages(chat.db, [conversationId])
  if (newest && newest.seq > seq) return
  const conversation = await chat.db
    .selectFrom('conversations')
    .select('last_message_at')
    .where('id', '=', conversationId)
    .executeTakeFirst()
  const last_message_at = conversation?.last_message_at?.toISOString() ?? null
  announceActivity(chat, conversationId, { last_message: newest ?? null, last_message_at })
}
