import type { AuditedMessage, OperationInput, UserId } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { Refusal } from '../refusal.js'
import { loadMessageById } from './load-messages.js'
import { findDeletion } from './messages.sql.js'
import { openRows } from './open-rows.js'

/** A message with its content, deleted or not, for administrators. The audit row is written before anything is shown. */
export async function readMessageAsAdmin(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'read_message_as_admin'>,
  context: CallContext,
): Promise<Answer<AuditedMessage>> {
  if (!actor.isAdmin) throw new Refusal('FORBIDDEN', { message: 'Only administrators may do this.' })
  const message = await loadMessageById(chat, input.message_id)
  const found = message && (await findDeletion(chat.db, message.conversation_id, input.message_id))
  const [deletion] = found ? await openRows(chat, [found]) : []
  if (!message || !deletion) throw new Refusal('MESSAGE_NOT_FOUND')
  const { conversation_id: conversationId, id: messageId } = message
  await recordAudit(chat.db, {
    actorId: actor.userId,
    action: 'message_read_by_admin',
    conversationId,
    messageId,
    reason: input.reason,
    ...context,
  })
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
