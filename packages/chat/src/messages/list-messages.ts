import type { Message, MessageId, OperationInput, OperationOutput, Pagination } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership, type Membership } from '../membership/membership.js'
import { Refusal } from '../refusal.js'
import { parseSeqRanges, seqAfterSkipping } from '../receipts/seq-ranges.js'
import { withReceipts } from './load-messages.js'
import type { MessageRow } from './message-row.js'
import { findDeletedSeqs, findSeq, listAbove, listAtOrBelow } from './messages.sql.js'

type Page = OperationOutput<'list_messages'>
const cachedForS = 5 * 60

/** A page of history, newest first: by number (cached), or before or after a message. */
export async function listMessages(chat: Chat, actor: Actor, input: OperationInput<'list_messages'>): Promise<Answer<Page>> {
  const membership = await requireMembership(chat, actor, input.conversation_id)
  const limit = input.limit ?? chat.settings.messagePageSize
  if (input.after !== undefined) return { data: await after(chat, membership, input.after, limit) }
  if (input.before !== undefined) return { data: await before(chat, membership, input.before, limit) }
  const page = input.page ?? 1
  const { id, version, ownVersion } = membership.conversation
  const key = `chat:messages:${id}:${page}:${limit}`
  const load = () => byNumber(chat, membership, page, limit)
  return { data: await chat.cache.read({ key, version, ttlS: cachedForS, shows: [{ id, version: ownVersion }] }, load) }
}

async function byNumber(chat: Chat, membership: Membership, page: number, limit: number): Promise<Page> {
  const { id, lastSeq, messageCount } = membership.conversation
  const deleted = messageCount < lastSeq ? parseSeqRanges(await findDeletedSeqs(chat.db, id)) : []
  const top = seqAfterSkipping(lastSeq, deleted, (page - 1) * limit)
  const rows = top > 0 ? await listAtOrBelow(chat.db, id, top, limit + 1) : []
  return answer(chat, membership, rows, { page, limit })
}

async function before(chat: Chat, membership: Membership, messageId: MessageId, limit: number): Promise<Page> {
  const seq = await requireSeq(chat, membership, messageId)
  const rows = await listAtOrBelow(chat.db, membership.conversation.id, seq - 1, limit + 1)
  return answer(chat, membership, rows, { page: null, limit })
}

async function after(chat: Chat, membership: Membership, messageId: MessageId, limit: number): Promise<Page> {
  const seq = await requireSeq(chat, membership, messageId)
  const rows = await listAbove(chat.db, membership.conversation.id, seq, limit + 1)
  const { messages, pagination } = await answer(chat, membership, rows, { page: null, limit })
  return { messages: messages.reverse(), pagination }
}

async function requireSeq(chat: Chat, membership: Membership, messageId: MessageId): Promise<number> {
  const seq = await findSeq(chat.db, membership.conversation.id, messageId)
  if (seq === undefined) throw new Refusal('MESSAGE_NOT_FOUND')
  return seq
}

/** `rows` hold one more than the page when there is more; the last one shown is where the next page begins. */
async function answer(
  chat: Chat,
  membership: Membership,
  rows: MessageRow[],
  { page, limit }: { page: number | null; limit: number },
): Promise<Page> {
  const { id, messageCount } = membership.conversation
  const shown: Message[] = await withReceipts(chat, id, rows.slice(0, limit))
  const next_cursor = rows.length > limit ? (shown.at(-1)?.id ?? null) : null
  const pagination: Pagination = { page, limit, total: messageCount, pages: Math.ceil(messageCount / limit), next_cursor }
  return { messages: shown, pagination }
}
