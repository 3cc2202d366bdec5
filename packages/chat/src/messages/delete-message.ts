import type { MessageId, OperationInput } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { lockMembership, type Membership } from '../membership/membership.js'
import { Refusal } from '../refusal.js'
import { announceDeletion, type DeletionAnnouncement } from './announce-deletion.js'
import { findConversationOf, findMessage, markDeleted, type Deletion } from './messages.sql.js'

/** Deletes one's own message for everyone; its content stays in the database for the audit. Repeating announces nothing. */
export async function deleteMessage(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'delete_message'>,
  context: CallContext,
): Promise<Answer<undefined>> {
  const conversationId = await findConversationOf(chat.db, input.message_id)
  const message = conversationId && (await findMessage(chat.db, conversationId, input.message_id))
  if (!message) throw new Refusal('MESSAGE_NOT_FOUND')
  const done = await chat.db.transaction().execute(async (tx) => {
    const membership = await lockMembership(tx, actor, conversationId)
    if (message.sender_id !== actor.userId) throw new Refusal('NOT_THE_SENDER')
    const deletion = await markDeleted(tx, membership, input.message_id)
    if (!deletion) return undefined
    await recordAudit(tx, { actorId: actor.userId, action: 'message_deleted', conversationId, messageId: input.message_id, ...context })
    const announcement = announcementOf(membership, input.message_id, deletion)
    return { announcement, outboxId: await chat.outbox.append(tx, announcement) }
  })
  if (done) void chat.outbox.deliver(chat, done.outboxId, (telling) => announceDeletion(telling, done.announcement))
  return { message: 'Message deleted successfully' }
}

function announcementOf({ conversation, userId }: Membership, messageId: MessageId, deletion: Deletion): DeletionAnnouncement {
  return {
    kind: 'deletion',
    conversationId: conversation.id,
    messageId,
    userId,
    seq: Number(deletion.seq),
    version: Number(deletion.version),
    at: deletion.deleted_at.toISOString(),
    lastMessageAt: deletion.last_message_at?.toISOString() ?? null,
  }
}
