import { isDeepStrictEqual } from 'node:util'
import { checkMetadata, firstCodePoints, type Conversation, type OperationInput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer, CallContext } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { afterChange, changeConversation, requireRole } from '../membership/change-membership.js'
import { invalid } from '../refusal.js'
import { updateMetadata } from './conversations.sql.js'

// A name may be as long as metadata allows; a sentence may not.
const nameShownMax = 100

type Input = OperationInput<'update_conversation'>

/** Replaces the named top-level keys of the metadata; null removes one. */
export async function updateConversation(chat: Chat, actor: Actor, input: Input, context: CallContext): Promise<Answer<Conversation>> {
  await changeConversation(chat, { actor, ...context }, input.conversation_id, async (tx, membership) => {
    requireRole(membership, 'owner', 'moderator')
    const metadata = patched(membership.conversation.metadata, input.metadata)
    const errors = checkMetadata(metadata)
    if (errors.length > 0) throw invalid(...errors)
    if (isDeepStrictEqual(metadata, membership.conversation.metadata)) return undefined
    await updateMetadata(tx, input.conversation_id, metadata)
    const { name } = input.metadata
    const what =
      typeof name === 'string'
        ? `renamed the conversation to “${firstCodePoints(name, nameShownMax)}”`
        : 'changed the details of the conversation'
    return { action: 'metadata_changed', userIds: [], say: (nameOf) => `${nameOf(actor.userId)} ${what}` }
  })
  return { data: await afterChange(chat, actor, input.conversation_id) }
}

function patched(current: Record<string, unknown>, patch: Record<string, unknown>): Record<string, unknown> {
  const removed = new Set(Object.keys(patch).filter((key) => patch[key] === null))
  return Object.fromEntries(Object.entries({ ...current, ...patch }).filter(([key]) => !removed.has(key)))
}
