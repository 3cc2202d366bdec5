import type { ConversationId, OperationInput, OperationOutput, UserId } from '@viatra-chat/contract'
import { v7 as uuidv7 } from 'uuid'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { invalid, Refusal } from '../refusal.js'
import { endGrantRow, findGrant, insertGrant, isAdministrator } from './break-glass.sql.js'

// granted ──used any number of times──► expired (by itself) or ended (by an administrator). Nothing leads back.

/** Lets an administrator read one conversation, for a reason and a while. They may grant it to themselves: an emergency may find one alone. */
export async function grantBreakGlass(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'grant_break_glass'>,
  { requestId }: CallContext,
): Promise<Answer<OperationOutput<'grant_break_glass'>>> {
  requireAdministrator(actor)
  const { conversation_id: conversationId, reason, minutes, user_id: userId = actor.userId } = input
  if (!(await isAdministrator(chat.db, userId))) throw invalid({ path: 'user_id', message: 'is not an active administrator' })
  const id = uuidv7()
  const expiresAt = await chat.db.transaction().execute(async (tx) => {
    const expires = await insertGrant(tx, { id, conversationId, userId, grantedBy: actor.userId, reason, minutes })
    if (!expires) throw new Refusal('CONVERSATION_NOT_FOUND')
    const details = { grant_id: id, minutes }
    await recordAudit(tx, {
      actorId: actor.userId,
      action: 'break_glass_granted',
      subjectId: userId,
      conversationId,
      reason,
      requestId,
      details,
    })
    return expires
  })
  chat.log.warn({ grantId: id, conversationId, userId, grantedBy: actor.userId, expiresAt }, 'emergency access was granted')
  return { data: { grant_id: id, conversation_id: conversationId, user_id: userId, expires_at: expiresAt.toISOString() } }
}

/** Ends a grant before its time; harmless when it has ended. */
export async function endBreakGlass(
  chat: Chat,
  actor: Actor,
  { grant_id }: OperationInput<'end_break_glass'>,
  { requestId }: CallContext,
): Promise<Answer<undefined>> {
  requireAdministrator(actor)
  await chat.db.transaction().execute(async (tx) => {
    const grant = await endGrantRow(tx, grant_id)
    if (!grant) return
    const [conversationId, subjectId] = [grant.conversation_id as ConversationId, grant.user_id as UserId]
    await recordAudit(tx, {
      actorId: actor.userId,
      action: 'break_glass_ended',
      subjectId,
      conversationId,
      requestId,
      details: { grant_id },
    })
  })
  return { message: 'The access has ended' }
}

/** Refuses unless the actor is an administrator with a grant in force; writes the audit row of this use, before anything is shown. */
export async function useBreakGlass(
  chat: Chat,
  actor: Actor,
  conversationId: ConversationId,
  { requestId, beforeSeq }: CallContext & { beforeSeq: number | undefined },
): Promise<void> {
  requireAdministrator(actor)
  const grant = await findGrant(chat.db, conversationId, actor.userId)
  if (!grant) throw new Refusal('FORBIDDEN', { message: 'There is no emergency access to this conversation, or it has ended.' })
  const { id, reason } = grant
  await recordAudit(chat.db, {
    actorId: actor.userId,
    action: 'break_glass_used',
    conversationId,
    reason,
    requestId,
    // Which page it was: who has seen a message can be told from it.
    details: { grant_id: id, before_seq: beforeSeq ?? null },
  })
}

function requireAdministrator(actor: Actor): void {
  if (!actor.isAdmin) throw new Refusal('FORBIDDEN', { message: 'Only administrators may do this.' })
}
