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
  /** The body kept for `page` at its version, else what `load` gives, which is then kept. */
  read<T>(page: CachedPage, load: () => Promise<T>): Promise<T>
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

  async function read<T>(page: CachedPage, load: () => Promise<T>): Promise<T> {
    if (!enabled || page.version === null) return load()
    const cached = await find<T>(redis, page.key, page.version)
    if (cached) {
      counts.hits++
      measures.cacheReads(1, { result: 'hit' })
      return cached.body
    }
    counts.misses++
    measures.cacheReads(1, { result: 'miss' })
    const body = await load()
    keep(redis, page, body).catch(() => undefined)
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

async function keep(redis: Redis, page: CachedPage, body: unknown): Promise<void> {
  const keys = [page.key, ...page.shows.flatMap(({ id }) => [pagesKey(id), forgottenKey(id)])]
  const entry = JSON.stringify({ version: page.version, body })
  await redis.eval(keepScript, keys.length, ...keys, entry, page.ttlS, ...page.shows.map(({ version }) => version))
}

async function find<T>(redis: Redis, key: string, version: string): Promise<{ body: T } | undefined> {
  try {
    const entry: unknown = JSON.parse((await redis.get(key)) ?? 'null')
    const fits = typeof entry === 'object' && entry !== null && 'version' in entry && entry.version === version && 'body' in entry
    return fits ? (entry as { body: T }) : undefined
  } catch {
    // Redis is away, or the entry was cut or written by somebody else: load instead.
    return undefined
  }
}
