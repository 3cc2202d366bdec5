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
import { findMessage, markDeleted, type Deletion } from './messages.sql.js'

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
  const done = await chat.db.transaction().execute(async (tx) => {
    const membership = await lockMembership(tx, actor, conversationId)
    if (message.sender_id !== actor.userId) throw new Refusal('NOT_THE_SENDER')
    const deletion = await markDeleted(tx, membership, input.message_id)
    if (!deletion) return undefined
    await recordAudit(tx, { actorId: actor.userId, action: 'message_deleted', conversationId, messageId: input.message_id, ...context })
    return { deletion, membership }
  })
  if (done) await announceDeletion(chat, done.membership, input.message_id, done.deletion)
  return { message: 'Message deleted successfully' }
}

async function announceDeletion(chat: Chat, { conversation, userId }: Membership, messageId: MessageId, deletion: Deletion): Promise<void> {
  const payload = { messageId, conversationId: conversation.id, userId, at: deletion.deleted_at.toISOString() }
  chat.events.publish('message_deleted', payload, { rooms: [conversationRoom(conversation.id)] })
  const [newest] = await loadNewestMessages(chat.db, [conversation.id])
  if (newest && newest.seq > Number(deletion.seq)) return
  const last_message_at = deletion.last_message_at?.toISOString() ?? null
  announceActivity(chat, conversation.id, { last_message: newest ?? null, last_message_at })
}
