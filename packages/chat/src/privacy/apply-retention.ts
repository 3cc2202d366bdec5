import type { ConversationId, ConversationType } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { forgetCachedPages } from './forget-cached-pages.js'
import { listDue, listPeopleOf, purgeMessages } from './privacy.sql.js'

/** How many days messages are kept, by type of conversation; 0: for ever. */
export type RetentionDays = Readonly<Record<ConversationType, number>>

export interface RetentionOutcome {
  /** Conversations that lost messages. */
  conversations: number
  messages: number
  receipts: number
}

const conversationsMax = 100
const messagesMax = 1000
const firstId = '00000000-0000-0000-0000-000000000000'

/**
 * Deletes messages that are older than their conversation's type allows, with their receipts and the pages that show them. Where a hold
 * is, nothing goes. In small transactions, so that nobody waits for it: each locks one conversation for one batch.
 */
export async function applyRetention(at: Pick<Chat, 'db' | 'redis'>, days: RetentionDays): Promise<RetentionOutcome> {
  const outcome: RetentionOutcome = { conversations: 0, messages: 0, receipts: 0 }
  for (const [type, kept] of Object.entries(days) as [ConversationType, number][])
    if (kept > 0) await purgeType(at, { type, days: kept }, outcome)
  return outcome
}

async function purgeType(
  at: Pick<Chat, 'db' | 'redis'>,
  rule: { type: ConversationType; days: number },
  outcome: RetentionOutcome,
): Promise<void> {
  let after = firstId
  for (;;) {
    const due = await listDue(at.db, { ...rule, after, limit: conversationsMax })
    const purged: ConversationId[] = []
    for (const { id, older_than } of due) if (await purgeConversation(at, id, older_than, outcome)) purged.push(id)
    if (purged.length > 0) await forgetCachedPages(at.redis, [...purged, ...(await listPeopleOf(at.db, purged))])
    if (due.length < conversationsMax) return
    after = due.at(-1)?.id ?? after
  }
}

async function purgeConversation(
  at: Pick<Chat, 'db'>,
  conversationId: ConversationId,
  olderThan: Date,
  outcome: RetentionOutcome,
): Promise<boolean> {
  const details = { messages: 0, receipts: 0, older_than: olderThan.toISOString() }
  for (;;) {
    const { purged, receipts } = await purgeMessages(at.db, conversationId, olderThan, messagesMax)
    details.messages += purged
    details.receipts += receipts
    if (purged < messagesMax) break
  }
  if (details.messages === 0) return false
  await recordAudit(at.db, { action: 'retention_applied', conversationId, details })
  outcome.conversations++
  outcome.messages += details.messages
  outcome.receipts += details.receipts
  return true
}
