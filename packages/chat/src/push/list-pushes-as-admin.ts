import type { OperationInput, OperationOutput } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { loadMessageById } from '../messages/load-messages.js'
import { Refusal } from '../refusal.js'
import { listPushLog } from './push-log.sql.js'

const shownMax = 5000

/** Why people got, or did not get, a push of a message, for administrators; audited. */
export async function listPushesAsAdmin(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'list_pushes_as_admin'>,
  context: CallContext,
): Promise<Answer<OperationOutput<'list_pushes_as_admin'>>> {
  if (!actor.isAdmin) throw new Refusal('FORBIDDEN', { message: 'Only administrators may do this.' })
  const message = await loadMessageById(chat, input.message_id)
  if (!message) throw new Refusal('MESSAGE_NOT_FOUND')
  await recordAudit(chat.db, {
    actorId: actor.userId,
    action: 'pushes_read_by_admin',
    conversationId: message.conversation_id,
    messageId: input.message_id,
    ...(input.reason !== undefined && { reason: input.reason }),
    ...context,
  })
  const pushes = await listPushLog(chat.db, input.message_id, shownMax)
  return { data: { pushes: pushes.map(({ at, ...push }) => ({ ...push, at: at.toISOString() })) } }
}
