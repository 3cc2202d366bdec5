import { bounds, type Conversation, type OperationInput, type UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { invalid } from '../refusal.js'
import { afterChange, changeConversation, requireRole } from './change-membership.js'
import type { Membership } from './membership.js'
import { insertMembers } from './membership.sql.js'
import { requireActivePeople } from './require-active-people.js'

/** Adds people to a group or channel; those who take part already are passed over. */
export async function addParticipants(
  chat: Chat,
  actor: Actor,
  input: OperationInput<'add_participants'>,
  context: CallContext,
): Promise<Answer<Conversation>> {
  await changeConversation(chat, { actor, ...context }, input.conversation_id, async (tx, membership) => {
    requireRole(membership, 'owner', 'moderator')
    await requireActivePeople(tx, input.participant_ids)
    const { id, lastSeq } = membership.conversation
    const added = await insertMembers(tx, id, [...new Set<UserId>(input.participant_ids)], lastSeq)
    if (added.length === 0) return undefined
    requireRoom(membership, added.length)
    return { action: 'participants_added', userIds: added, say: (name) => `${name(actor.userId)} added ${listed(added.map(name))}` }
  })
  return { data: await afterChange(chat, actor, input.conversation_id) }
}

function requireRoom({ conversation }: Membership, added: number): void {
  const most = conversation.type === 'channel' ? bounds.channelParticipantsMax : bounds.groupParticipantsMax
  if (conversation.participantCount + added > most)
    throw invalid({ path: 'participant_ids', message: `must not make a ${conversation.type} of more than ${most} people` })
}

function listed(names: readonly string[]): string {
  if (names.length > 3) return `${names.length} people`
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
