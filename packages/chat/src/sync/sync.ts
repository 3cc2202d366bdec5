import { bounds, type Message, type OperationInput, type SyncPage, type UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Transaction } from 'kysely'
import type { Chat } from '../chat.js'
import {
  loadChangedConversations,
  loadNewestConversations,
  withPresence,
  type StoredConversation,
} from '../conversations/load-conversations.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { loadChangedMessages } from '../messages/load-messages.js'
import type { Reading } from '../messages/open-rows.js'
import { countChanged, listChangedReceipts, listLeft, readMoment, type Moment } from './sync.sql.js'
import { isAheadOf } from './snapshot.js'
import { readSyncToken, writeSyncToken, type SyncToken } from './sync-token.js'

type StoredPage = Omit<SyncPage, 'conversations' | 'next'> & { conversations: StoredConversation[]; next: SyncToken }

/**
 * What changed since a token. Rows carry the transaction that changed them last; a token says which transactions were visible when it was
 * given. So a transaction that was open then, and commits later with a lower number than others, is not missed.
 */
export async function sync(chat: Chat, actor: Actor, input: OperationInput<'sync'>): Promise<Answer<SyncPage>> {
  const token = input.since === undefined ? undefined : readSyncToken(input.since)
  const limit = input.limit ?? bounds.syncMessagesDefault
  const page = await chat.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const moment = await readMoment(tx)
      const usable = token && (await isUsable(tx, actor.userId, token, moment))
      const at = { db: tx, contents: chat.contents }
      return usable ? changesSince(at, actor.userId, token, moment, limit) : startAnew(at, actor.userId, moment)
    })
  const next = writeSyncToken(page.next, chat.settings.isReadByPrevious)
  return { data: { ...page, next, conversations: await withPresence(chat, page.conversations) } }
}

async function isUsable(tx: Transaction<Tables>, userId: UserId, token: SyncToken, moment: Moment): Promise<boolean> {
  if (token.database !== moment.database || Date.now() - token.at > bounds.syncTokenAgeMaxMs) return false
  if (isAheadOf(token.since, moment.snapshot)) return false
  return token.round !== undefined || (await countChanged(tx, userId, token.since, bounds.syncChangesMax)) <= bounds.syncChangesMax
}

async function startAnew(at: Reading, userId: UserId, { database, snapshot }: Moment): Promise<StoredPage> {
  const conversations = await loadNewestConversations(at, userId, bounds.syncResetConversations)
  const next = { database, since: snapshot, at: Date.now() }
  return { conversations, messages: [], receipts: [], removed_conversation_ids: [], next, has_more: false, reset: true }
}

async function changesSince(at: Reading, userId: UserId, token: SyncToken, moment: Moment, limit: number): Promise<StoredPage> {
  const contentBytesMax = bounds.syncContentBytesMax
  const asked = { userId, since: token.since, after: token.round, limit, contentBytesMax }
  const { messages, hasMore } = await loadChangedMessages(at, asked)
  const isRoundDone = !hasMore
  // Everything but messages comes with the first page of a round.
  const first = token.round === undefined
  return {
    conversations: first ? await loadChangedConversations(at, userId, token.since) : [],
    messages,
    receipts: first ? await listChangedReceipts(at.db, userId, token.since) : [],
    removed_conversation_ids: first ? await listLeft(at.db, userId, token.since) : [],
    next: nextToken(token, moment, isRoundDone ? undefined : messages.at(-1)),
    // A round of several pages speaks of the moment of its first: only one of a single page says that there is no more, and means now.
    has_more: !(first && isRoundDone),
    reset: false,
  }
}

// What changes during a round is not visible in the snapshot of its first page: the next round brings it.
function nextToken(token: SyncToken, { database, snapshot }: Moment, last: Message | undefined): SyncToken {
  const next = token.round?.next ?? snapshot
  const base = { database, at: Date.now() }
  return last
    ? { ...base, since: token.since, round: { next, conversationId: last.conversation_id, seq: last.seq } }
    : { ...base, since: next }
}
