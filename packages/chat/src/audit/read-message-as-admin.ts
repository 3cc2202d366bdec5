import type { AuditedMessage, ConversationId, OperationInput, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { withReceipts } from '../messages/load-messages.js'
import { findDeletion, findMessage } from '../messages/messages.sql.js'
import { Refusal } from '../refusal.js'
import { recordAudit } from './audit.sql.js'

/** A message with its content, deleted or not, for administrators. The audit row is written before anything is shown. */
export async function readMessageAsAdmin(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'read_message_as_admin'>,
  context: CallContext,
): Promise<Answer<AuditedMessage>> {
  if (!actor.isAdmin) throw new Refusal('FORBIDDEN', { message: 'Only administrators may do this.' })
  const row = await findMessage(chat.db, input.message_id)
  const deletion = await findDeletion(chat.db, input.message_id)
  if (!row || !deletion) throw new Refusal('MESSAGE_NOT_FOUND')
  const conversationId = row.conversation_id as ConversationId
  const { message_id: messageId, reason } = input
  await recordAudit(chat.db, { actorId: actor.userId, action: 'message_read_by_admin', conversationId, messageId, reason, ...context })
  const [message] = await withReceipts(chat.db, conversationId, [row])
  if (!message) throw new Refusal('MESSAGE_NOT_FOUND')
  return {
    data: {
      ...message,
      content: deletion.content,
      metadata: deletion.metadata,
      deleted_at: deletion.deleted_at?.toISOString() ?? null,
      deleted_by: deletion.deleted_by as UserId | null,
    },
  }
}
