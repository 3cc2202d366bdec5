import { createHash } from 'node:crypto'
import { uuidPattern, type OperationInput, type OperationOutput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { invalid } from '../refusal.js'
import { readFromReplica, type KnownState } from '../replica/replica.js'
import { listOwn, type ConversationRow, type ListOptions } from './conversations.sql.js'
import { loadConversations, withPresence } from './load-conversations.js'

type Input = OperationInput<'list_conversations'>
const cachedForS = 10 * 60

/** A page of the actor's conversations, newest activity first. Which and in what order always comes from the tables; what they show may be cached. */
export async function listConversations(chat: Chat, actor: Actor, input: Input): Promise<Answer<OperationOutput<'list_conversations'>>> {
  const limit = input.limit ?? chat.settings.conversationPageSize
  const page = input.cursor === undefined ? (input.page ?? 1) : null
  const below = input.cursor === undefined ? undefined : readCursor(input.cursor)
  const options: ListOptions = {
    type: input.type,
    offset: ((page ?? 1) - 1) * limit,
    limit: limit + 1,
    below,
    forReplica: chat.replica !== undefined,
  }
  const { rows, total } = await listOwn(chat.db, actor.userId, options)
  const shown = rows.slice(0, limit)
  const cached = { key: cacheKey(actor, input, page, limit), version: versionOf(shown, page), ttlS: cachedForS, shows: shown.map(toShown) }
  const load = () =>
    readFromReplica(chat, shown.map(toKnown), (db) => loadConversations({ db, contents: chat.contents }, shown, actor.userId))
  const stored = await chat.cache.read(cached, load)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const pagination = { page, limit, total, pages: Math.ceil(total / limit), next_cursor: last ? writeCursor(last) : null }
  return { data: { conversations: await withPresence(chat, stored), pagination } }
}

const cacheKey = (actor: Actor, input: Input, page: number | null, limit: number) =>
  `chat:conversation:${actor.userId}:${page ?? 0}:${limit}:${input.type ?? 'all'}`

/** Names the state of everything on the page; null: not to be cached. */
function versionOf(rows: readonly ConversationRow[], page: number | null): string | null {
  if (page === null || rows.some((row) => row.receipts_version === null)) return null
  const parts = rows.map((row) => `${row.id} ${row.version} ${row.receipts_version} ${row.own_receipts_version}`)
  return createHash('sha1').update(parts.join('\n')).digest('base64url')
}

const toKnown = ({ id, version, receipts_versions }: ConversationRow): KnownState | undefined =>
  receipts_versions ? { id, version: Number(version), receiptsVersions: receipts_versions } : undefined
const toShown = ({ id, version }: ConversationRow) => ({ id, version: Number(version) })
const activityMs = (row: ConversationRow) => (row.last_message_at ?? row.created_at).getTime()
const writeCursor = (row: ConversationRow) => Buffer.from(`${activityMs(row)} ${row.id}`).toString('base64url')

function readCursor(cursor: string): { activityMs: number; id: string } {
  const [ms = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (!/^\d{1,15}$/.test(ms) || !new RegExp(uuidPattern).test(id))
    throw invalid({ path: 'cursor', message: 'is not a cursor of this list' })
  return { activityMs: Number(ms), id }
}
