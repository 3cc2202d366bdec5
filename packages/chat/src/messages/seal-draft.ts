import { isDeepStrictEqual } from 'node:util'
import { uuidPattern, type ConversationId, type MessageId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership } from '../membership/membership.js'
import { findMessage } from './messages.sql.js'
import type { Draft } from './send-statement.js'
import type { SendOutcome } from './waiting-sends.js'

const attemptsMax = 3

/** Stores a draft whose content is sealed. If the key is destroyed on the way it is sealed by the next one. */
export async function sendSealed(chat: Chat, actor: Actor, draft: Draft): Promise<SendOutcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await chat.sends.send(await sealDraft(chat, actor, draft))
    if (outcome.kind !== 'refused' || outcome.row.verdict !== 'KEY_GONE' || attempt === attemptsMax) return outcome
    chat.contents.forget(draft.conversationId)
  }
}

/** Whether a draft says what the earlier message of its client id said. What that was nobody may know any more: then it counts as the same. */
export async function saysTheSame(chat: Chat, earlierId: string, draft: Draft): Promise<boolean> {
  const earlier = await findMessage(chat.db, draft.conversationId as ConversationId, earlierId as MessageId)
  if (!earlier) throw new Error('a stored message is not there')
  const { conversation_id: conversationId, id: messageId, sealed } = earlier
  const [said] = sealed ? await chat.contents.open(chat.db, [{ conversationId, messageId, sealed }]) : [earlier]
  if (!said) return true
  return (
    earlier.message_type === draft.messageType &&
    earlier.parent_message_id === draft.parentMessageId &&
    said.content === draft.content &&
    isDeepStrictEqual(said.metadata, JSON.parse(draft.metadata))
  )
}

/** What is left readable of metadata: ids of people who are mentioned, for those who decide on pushes. */
export function visibleMetadata({ mentions }: Record<string, unknown>): Record<string, unknown> {
  const ids = Array.isArray(mentions) ? mentions.filter((id) => typeof id === 'string' && new RegExp(uuidPattern).test(id)) : []
  return ids.length > 0 ? { mentions: ids } : {}
}

async function sealDraft(chat: Chat, actor: Actor, draft: Draft): Promise<Draft> {
  const place = { conversationId: draft.conversationId, messageId: draft.id }
  const metadata = JSON.parse(draft.metadata) as Record<string, unknown>
  const admit = () => requireMembership(chat, actor, draft.conversationId as ConversationId)
  const { bytes, keyVersion } = await chat.contents.seal(chat.db, place, { content: draft.content, metadata }, admit)
  return { ...draft, sealed: { bytes, keyVersion, visibleMetadata: JSON.stringify(visibleMetadata(metadata)) } }
}
