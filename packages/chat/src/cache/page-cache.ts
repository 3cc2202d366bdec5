import type { ConversationId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import type { Log } from '../chat.js'
import type { Measures } from '../measures/metrics.js'
import { forgetScript, keepScript } from './page-scripts.js'

/** A page that may be kept. */
export interface CachedPage {
  key: string
  /** Names the state of everything on the page; null: it is not kept. */
  version: string | null
  ttlS: number
  /** The conversations whose messages are on it. */
  shows: readonly ShownConversation[]
}

export interface ShownConversation {
  id: ConversationId
  /** Grows with every deletion. */
  version: number
}

/**
 * Pages in Redis that are never stale: an entry carries the version of what it shows and is used only while that is still the version.
 * The version comes from the database with every read, so no invalidation can be lost. Whatever Redis does wrong is a miss.
 */
export interface PageCache {
  /** The bytes kept for `page` at its version, else what `load` gives, which are then kept. Nothing is parsed: what goes out is what came in. */
  read(page: CachedPage, load: () => Promise<Buffer>): Promise<Buffer>
  /**
   * Drops every page that shows the conversation as it was before this version, those too that are still on their way into the cache:
   * what was deleted does not wait there for its time to end. Rejects while Redis is away, and then only.
   */
  forget(conversation: ShownConversation): Promise<void>
  /** How often an entry served, since the start of this process. */
  stats(): { hits: number; misses: number }
  readonly enabled: boolean
}

export function createPageCache(redis: Redis, enabled: boolean, { log, measures }: { log: Log; measures: Measures }): PageCache {
  const counts = { hits: 0, misses: 0 }

  async function read(page: CachedPage, load: () => Promise<Buffer>): Promise<Buffer> {
    if (!enabled || page.version === null) return load()
    const begin = beginOf(page.version)
    const cached = await find(redis, page.key, begin)
    if (cached) {
      counts.hits++
      measures.cacheReads(1, { result: 'hit' })
      return cached
    }
    counts.misses++
    measures.cacheReads(1, { result: 'miss' })
    const body = await load()
    keep(redis, page, Buffer.concat([begin, body, end])).catch(() => undefined)
    return body
  }

  async function forget({ id, version }: ShownConversation): Promise<void> {
    if (!enabled) return
    await redis.eval(forgetScript, 2, pagesKey(id), forgottenKey(id), version).catch((error: unknown) => {
      // Redis has answered, as when somebody else wrote these keys: asking again would give the same.
      if (!(error instanceof Error && error.name === 'ReplyError')) throw error
      log.warn({ err: error }, 'pages of a conversation could not be dropped')
    })
  }

  return { read, forget, enabled, stats: () => ({ ...counts }) }
}

const pagesKey = (id: ConversationId) => `chat:pages:${id}`
const forgottenKey = (id: ConversationId) => `chat:forgotten:${id}`

// An entry is its version, the body, and an end, without which it was cut.
const beginOf = (version: string) => Buffer.from(`${JSON.stringify({ version })}\n`)
const end = Buffer.from('\n')

const isWhole = (entry: Buffer, begin: Buffer) =>
  entry.length > begin.length && entry.subarray(0, begin.length).equals(begin) && entry.subarray(-end.length).equals(end)

async function keep(redis: Redis, page: CachedPage, entry: Buffer): Promise<void> {
  const keys = [page.key, ...page.shows.flatMap(({ id }) => [pagesKey(id), forgottenKey(id)])]
  await redis.eval(keepScript, keys.length, ...keys, entry, page.ttlS, ...page.shows.map(({ version }) => version))
}

async function find(redis: Redis, key: string, begin: Buffer): Promise<Buffer | undefined> {
  try {
    const entry = await redis.getBuffer(key)
    return entry && isWhole(entry, begin) ? entry.subarray(begin.length, -end.length) : undefined
  } catch {
    // Redis is away, or something else is kept there: load instead.
    return undefined
  }
}
