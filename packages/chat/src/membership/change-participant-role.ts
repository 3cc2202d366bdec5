import type { Conversation, OperationInput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { Refusal } from '../refusal.js'
import { afterChange, changeConversation, requireRole, type Change } from './change-membership.js'
import { findMember, updateRole } from './membership.sql.js'

type Input = OperationInput<'change_participant_role'>

/** Changes a role. Naming another owner hands the conversation over and makes the old owner a moderator. */
export async function changeParticipantRole(chat: Chat, actor: Actor, input: Input, context: CallContext): Promise<Answer<Conversation>> {
  const { conversation_id: conversationId, user_id: userId, participant_role: role } = input
  await changeConversation(chat, { actor, ...context }, conversationId, async (tx, membership) => {
    requireRole(membership, 'owner')
    const member = await findMember(tx, conversationId, userId)
    if (!member) throw new Refusal('USER_NOT_FOUND', { message: 'This person does not take part in the conversation.' })
    if (member.role === role) return undefined
    if (userId === actor.userId) throw new Refusal('FORBIDDEN', { message: 'An owner cannot step down: name another owner instead.' })
    if (role === 'owner') await updateRole(tx, conversationId, actor.userId, 'moderator')
    await updateRole(tx, conversationId, userId, role)
    return changeOf(actor, input)
  })
  return { data: await afterChange(chat, actor, conversationId) }
}

function changeOf(actor: Actor, { user_id: userId, participant_role: role }: Input): Change {
  const handOver = role === 'owner'
  return {
    action: 'role_changed',
    userIds: [userId],
    role,
    ...(handOver && { newOwnerId: userId }),
    say: (name) => `${name(actor.userId)} made ${name(userId)} ${handOver ? 'the owner' : `a ${role}`}`,
  }
}
