import type { ConversationId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { forgetCachedPages } from './forget-cached-pages.js'
import { destroyKeys, emptyPlainMessages, isConversationHeld, listPeopleOf, lockForShredding } from './privacy.sql.js'

export type Shredding =
  | { kind: 'shredded'; keys: number; messagesEmptied: number }
  | { kind: 'unknown_conversation' }
  /** A legal hold is on it, or on somebody who takes or took part. */
  | { kind: 'held' }

/**
 * Destroys the keys of a conversation, so that nobody can read any more what was said in it until now; what was never encrypted is emptied. Messages keep their
 * places, senders and times. What is said from now on gets a new key. Processes that have the key forget it within a minute. Not while a hold is on it.
 * Leaves one row in the audit log. One transaction, in which sends into this conversation wait. Needs the rights of the tables' owner.
 */
export async function shredConversation(
  at: Pick<Chat, 'db'> & { redis?: Redis },
  conversationId: ConversationId,
  reason: string,
): Promise<Shredding> {
  const outcome = await at.db.transaction().execute(async (tx): Promise<Shredding> => {
    if (!(await lockForShredding(tx, conversationId))) return { kind: 'unknown_conversation' }
    if (await isConversationHeld(tx, conversationId)) return { kind: 'held' }
    const keys = await destroyKeys(tx, conversationId)
    const messagesEmptied = await emptyPlainMessages(tx, conversationId)
    await recordAudit(tx, { action: 'content_shredded', conversationId, reason, details: { keys, messages_emptied: messagesEmptied } })
    return { kind: 'shredded', keys, messagesEmptied }
  })
  if (outcome.kind === 'shredded' && at.redis)
    await forgetCachedPages(at.redis, [conversationId, ...(await listPeopleOf(at.db, [conversationId]))])
  return outcome
}
