import type { Conversation, ConversationId, OperationInput, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Transaction } from 'kysely'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { Refusal } from '../refusal.js'
import { afterChange, changeConversation, requireRole, type Change } from './change-membership.js'
import type { Membership } from './membership.js'
import { deleteMember, findMember, findSuccessor, updateRole } from './membership.sql.js'

/** Removes somebody, or leaves. When the owner leaves, the conversation goes to a successor; the last person may leave as well. */
export async function removeParticipant(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'remove_participant'>,
  context: CallContext,
): Promise<Answer<Conversation>> {
  const { conversation_id: conversationId, user_id: userId } = input
  const leaving = userId === actor.userId
  await changeConversation(chat, { actor, ...context }, conversationId, (tx, membership) =>
    leaving ? leave(tx, membership, actor) : remove(tx, membership, actor, userId),
  )
  return leaving ? { message: 'You left the conversation' } : { data: await afterChange(chat, actor, conversationId) }
}

async function leave(tx: Transaction<Tables>, membership: Membership, actor: Actor): Promise<Change> {
  await deleteMember(tx, membership.conversation.id, actor.userId)
  const newOwnerId = membership.role === 'owner' ? await succeed(tx, membership.conversation.id) : undefined
  return {
    action: 'participant_left',
    userIds: [actor.userId],
    ...(newOwnerId && { newOwnerId }),
    say: (name) => `${name(actor.userId)} left${newOwnerId ? `; ${name(newOwnerId)} is the owner now` : ''}`,
  }
}

async function succeed(tx: Transaction<Tables>, conversationId: ConversationId): Promise<UserId | undefined> {
  const successor = await findSuccessor(tx, conversationId)
  if (successor) await updateRole(tx, conversationId, successor, 'owner')
  return successor
}

async function remove(tx: Transaction<Tables>, membership: Membership, actor: Actor, userId: UserId): Promise<Change> {
  requireRole(membership, 'owner', 'moderator')
  const member = await findMember(tx, membership.conversation.id, userId)
  if (!member) throw new Refusal('USER_NOT_FOUND', { message: 'This person does not take part in the conversation.' })
  if (membership.role === 'moderator' && member.role !== 'member')
    throw new Refusal('FORBIDDEN', { message: 'A moderator may remove members only.' })
  await deleteMember(tx, membership.conversation.id, userId)
  return { action: 'participant_removed', userIds: [userId], say: (name) => `${name(actor.userId)} removed ${name(userId)}` }
}
