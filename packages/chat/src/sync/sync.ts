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
import { countChanged, listChangedReceipts, listLeft, readSnapshot, type Snapshot } from './sync.sql.js'
import { readSyncToken, writeSyncToken, type SyncToken } from './sync-token.js'

type StoredPage = Omit<SyncPage, 'conversations'> & { conversations: StoredConversation[] }

/**
 * What changed since a token. Rows carry the transaction that changed them last; a token says below which transaction everything was
 * visible when it was given. So a transaction that was open then, and commits later with a lower number than others, is not missed;
 * some things come twice.
 */
export async function sync(chat: Chat, actor: Actor, input: OperationInput<'sync'>): Promise<Answer<SyncPage>> {
  const token = input.since === undefined ? undefined : readSyncToken(input.since)
  const limit = input.limit ?? bounds.syncMessagesDefault
  const page = await chat.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const snapshot = await readSnapshot(tx)
      const usable = token && (await isUsable(tx, actor.userId, token, snapshot))
      return usable ? changesSince(tx, actor.userId, token, snapshot, limit) : startAnew(tx, actor.userId, snapshot)
    })
  return { data: { ...page, conversations: await withPresence(chat, page.conversations) } }
}

async function isUsable(tx: Transaction<Tables>, userId: UserId, token: SyncToken, snapshot: Snapshot): Promise<boolean> {
  if (token.database !== snapshot.database || Date.now() - token.at > bounds.syncTokenAgeMaxMs) return false
  // A number that is not given out yet: the database was set back to an older state.
  if (BigInt(token.since) > BigInt(snapshot.xmin)) return false
  return token.round !== undefined || (await countChanged(tx, userId, token.since, bounds.syncChangesMax)) <= bounds.syncChangesMax
}

async function startAnew(tx: Transaction<Tables>, userId: UserId, snapshot: Snapshot): Promise<StoredPage> {
  const conversations = await loadNewestConversations(tx, userId, bounds.syncResetConversations)
  const next = writeSyncToken({ database: snapshot.database, since: snapshot.xmin, at: Date.now() })
  return { conversations, messages: [], receipts: [], removed_conversation_ids: [], next, has_more: false, reset: true }
}

async function changesSince(
  tx: Transaction<Tables>,
  userId: UserId,
  token: SyncToken,
  snapshot: Snapshot,
  limit: number,
): Promise<StoredPage> {
  const found = await loadChangedMessages(tx, { userId, since: token.since, after: token.round, limit: limit + 1 })
  const messages = found.slice(0, limit)
  const has_more = found.length > limit
  // Everything but messages comes with the first page of a round.
  const first = token.round === undefined
  return {
    conversations: first ? await loadChangedConversations(tx, userId, token.since) : [],
    messages,
    receipts: first ? await listChangedReceipts(tx, userId, token.since) : [],
    removed_conversation_ids: first ? await listLeft(tx, userId, token.since) : [],
    next: writeSyncToken(nextToken(token, snapshot, has_more ? messages.at(-1) : undefined)),
    has_more,
    reset: false,
  }
}

// What changes during a round has a number at or above the snapshot of its first page: the next round brings it.
function nextToken(token: SyncToken, snapshot: Snapshot, last: Message | undefined): SyncToken {
  const next = token.round?.next ?? snapshot.xmin
  const base = { database: snapshot.database, at: Date.now() }
  return last
    ? { ...base, since: token.since, round: { next, conversationId: last.conversation_id, seq: last.seq } }
    : { ...base, since: next }
}
