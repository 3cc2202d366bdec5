import type { Message, MessageId, OperationInput, OperationOutput, Pagination } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembershipToRead, type Membership } from '../membership/membership.js'
import { asJson, writeJson } from '../json-text.js'
import { Refusal } from '../refusal.js'
import { readFromReplica } from '../replica/replica.js'
import { parseSeqRanges, seqAfterSkipping } from '../receipts/seq-ranges.js'
import { withReceipts } from './load-messages.js'
import type { MessageRow } from './message-row.js'
import type { Reading } from './open-rows.js'
import { findDeletedSeqs, findSeq, listAbove, listAtOrBelow } from './messages.sql.js'

type Page = OperationOutput<'list_messages'>
const cachedForS = 5 * 60

/** A page of history, newest first: by number (cached), or before or after a message. */
export async function listMessages(chat: Chat, actor: Actor, input: OperationInput<'list_messages'>): Promise<Answer<Page>> {
  const membership = await requireMembershipToRead(chat, actor, input.conversation_id)
  const limit = input.limit ?? chat.settings.messagePageSize
  const { id, version, ownVersion, known } = membership.conversation
  const read = (load: Load) => readFromReplica(chat, [known], (db) => load({ db, contents: chat.contents }, membership, limit))
  if (input.after !== undefined) return { data: await read(after(input.after)) }
  if (input.before !== undefined) return { data: await read(before(input.before)) }
  const page = input.page ?? 1
  const key = `chat:messages:${id}:${page}:${limit}`
  const load = async () => writeJson(await read(byNumber(page)))
  return { json: asJson(await chat.cache.read({ key, version, ttlS: cachedForS, shows: [{ id, version: ownVersion }] }, load)) }
}

type Load = (at: Reading, membership: Membership, limit: number) => Promise<Page>

const byNumber =
  (page: number): Load =>
  async (at, membership, limit) => {
    const { id, lastSeq, messageCount } = membership.conversation
    const deleted = messageCount < lastSeq ? parseSeqRanges(await findDeletedSeqs(at.db, id)) : []
    const top = seqAfterSkipping(lastSeq, deleted, (page - 1) * limit)
    const rows = top > 0 ? await listAtOrBelow(at.db, id, top, limit + 1) : []
    return answer(at, membership, rows, { page, limit })
  }

const before =
  (messageId: MessageId): Load =>
  async (at, membership, limit) => {
    const seq = await requireSeq(at.db, membership, messageId)
    const rows = await listAtOrBelow(at.db, membership.conversation.id, seq - 1, limit + 1)
    return answer(at, membership, rows, { page: null, limit })
  }

const after =
  (messageId: MessageId): Load =>
  async (at, membership, limit) => {
    const seq = await requireSeq(at.db, membership, messageId)
    const rows = await listAbove(at.db, membership.conversation.id, seq, limit + 1)
    const { messages, pagination } = await answer(at, membership, rows, { page: null, limit })
    return { messages: messages.reverse(), pagination }
  }

async function requireSeq(db: Kysely<Tables>, membership: Membership, messageId: MessageId): Promise<number> {
  const seq = await findSeq(db, membership.conversation.id, messageId)
  if (seq === undefined) throw new Refusal('MESSAGE_NOT_FOUND')
  return seq
}

/** `rows` hold one more than the page when there is more; the last one shown is where the next page begins. */
async function answer(
  at: Reading,
  membership: Membership,
  rows: MessageRow[],
  { page, limit }: { page: number | null; limit: number },
): Promise<Page> {
  const { id, messageCount } = membership.conversation
  const shown: Message[] = await withReceipts(at, id, rows.slice(0, limit))
  const next_cursor = rows.length > limit ? (shown.at(-1)?.id ?? null) : null
  const pagination: Pagination = { page, limit, total: messageCount, pages: Math.ceil(messageCount / limit), next_cursor }
  return { messages: shown, pagination }
}
