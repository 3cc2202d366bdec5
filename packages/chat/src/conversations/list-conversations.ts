import { createHash } from 'node:crypto'
import { uuidPattern, type OperationInput, type OperationOutput, type Pagination } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { joinJson, writeJson } from '../json-text.js'
import { invalid } from '../refusal.js'
import { readFromReplica, type KnownState } from '../replica/replica.js'
import { listOwn, listOwnByIds, listPlaces, type Listed, type ListOptions, type Place, type VersionedPlace } from './conversations.sql.js'
import { loadConversations } from './load-conversations.js'
import { fillGaps, writeWithGaps } from './presence-gaps.js'

type Input = OperationInput<'list_conversations'>
const cachedForS = 10 * 60

interface Asked {
  actor: Actor
  type: Input['type']
  /** From 1; null where a cursor says where the page begins. */
  page: number | null
  limit: number
  options: ListOptions
}

/** A page of places, and one more when there is more; and what stands there, without who is online. */
interface Found extends Listed<Place> {
  written: Buffer
}

/** A page of the actor's conversations, newest activity first. Which and in what order always comes from the tables; what they show may be cached. */
export async function listConversations(chat: Chat, actor: Actor, input: Input): Promise<Answer<OperationOutput<'list_conversations'>>> {
  const asked = toAsked(chat, actor, input)
  const isKept = chat.cache.enabled && asked.page !== null
  const { rows, total, written } = await (isKept || chat.replica ? findByVersion(chat, asked) : findInTables(chat, asked))
  const { page, limit } = asked
  const last = rows.length > limit ? rows[limit - 1] : undefined
  const pagination: Pagination = { page, limit, total, pages: Math.ceil(total / limit), next_cursor: last ? writeCursor(last) : null }
  return { json: joinJson({ conversations: await fillGaps(chat, written), pagination: writeJson(pagination) }) }
}

function toAsked(chat: Chat, actor: Actor, { type, cursor, ...input }: Input): Asked {
  const limit = input.limit ?? chat.settings.conversationPageSize
  const page = cursor === undefined ? (input.page ?? 1) : null
  const below = cursor === undefined ? undefined : readCursor(cursor)
  return { actor, type, page, limit, options: { type, offset: ((page ?? 1) - 1) * limit, limit: limit + 1, below } }
}

/** The fewest queries. */
async function findInTables(chat: Chat, { actor, options, limit }: Asked): Promise<Found> {
  const { rows, total } = await listOwn(chat.db, actor.userId, options)
  return { rows, total, written: writeWithGaps(await loadConversations(chat, rows.slice(0, limit))) }
}

/** One small query, where the page is kept at its version or a replica has it. */
async function findByVersion(chat: Chat, asked: Asked): Promise<Found> {
  const { userId } = asked.actor
  const { rows, total } = await listPlaces(chat.db, userId, asked.options, chat.replica !== undefined)
  const shown = rows.slice(0, asked.limit)
  const page = { key: cacheKey(asked), version: versionOf(shown, asked.page), ttlS: cachedForS, shows: shown.map(toShown) }
  const ids = shown.map(({ id }) => id)
  const load = () =>
    readFromReplica(chat, shown.map(toKnown), async (db) =>
      writeWithGaps(await loadConversations({ db, contents: chat.contents }, await listOwnByIds(db, userId, ids))),
    )
  return { rows, total, written: await chat.cache.read(page, load) }
}

const cacheKey = ({ actor, type, page, limit }: Asked) => `chat:conversation:${actor.userId}:${page ?? 0}:${limit}:${type ?? 'all'}`

/** Names the state of everything on the page; null: not to be cached. */
function versionOf(places: readonly VersionedPlace[], page: number | null): string | null {
  if (page === null || places.some((place) => place.receipts_version === null)) return null
  const parts = places.map((place) => `${place.id} ${place.version} ${place.receipts_version} ${place.own_receipts_version}`)
  return createHash('sha1').update(parts.join('\n')).digest('base64url')
}

const toKnown = ({ id, version, receipts_versions }: VersionedPlace): KnownState | undefined =>
  receipts_versions ? { id, version: Number(version), receiptsVersions: receipts_versions } : undefined
const toShown = ({ id, version }: VersionedPlace) => ({ id, version: Number(version) })
const writeCursor = ({ id, activity_ms }: Place) => Buffer.from(`${activity_ms} ${id}`).toString('base64url')

function readCursor(cursor: string): { activityMs: number; id: string } {
  const [ms = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (!/^\d{1,15}$/.test(ms) || !new RegExp(uuidPattern).test(id))
    throw invalid({ path: 'cursor', message: 'is not a cursor of this list' })
  return { activityMs: Number(ms), id }
}
