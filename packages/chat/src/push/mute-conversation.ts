import type { OperationInput, OperationOutput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership } from '../membership/membership.js'
import { findMute, setMute } from './mute.sql.js'

type Mute = OperationOutput<'get_mute'>

/** No pushes of the conversation for the actor, until a moment or until it is unmuted. */
export async function muteConversation(chat: Chat, actor: Actor, input: OperationInput<'mute_conversation'>): Promise<Answer<Mute>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  await setMute(chat.db, membership, input.until ?? 'infinity')
  return { data: { is_muted: true, muted_until: input.until === undefined ? null : new Date(input.until).toISOString() } }
}

/** Pushes again; harmless when it was not muted. */
export async function unmuteConversation(chat: Chat, actor: Actor, input: OperationInput<'unmute_conversation'>): Promise<Answer<Mute>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  await setMute(chat.db, membership, null)
  return { data: { is_muted: false, muted_until: null } }
}

/** Whether the actor muted the conversation. */
export async function getMute(chat: Chat, actor: Actor, input: OperationInput<'get_mute'>): Promise<Answer<Mute>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  return { data: await findMute(chat.db, membership) }
}
