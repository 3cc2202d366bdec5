import type { Redis } from 'ioredis'
import type { Measures } from '../measures/metrics.js'

/**
 * Pages in Redis that are never stale: an entry carries the version of what it shows and is used only while that is still the version.
 * The version comes from the database with every read, so no invalidation can be lost. Whatever Redis does wrong is a miss.
 */
export interface PageCache {
  /** The cached body of `key` at `version`, else what `load` gives, which is then kept for `ttlS` seconds. A null version: not cached. */
  read<T>(key: string, version: string | null, ttlS: number, load: () => Promise<T>): Promise<T>
  /** How often an entry served, since the start of this process. */
  stats(): { hits: number; misses: number }
  readonly enabled: boolean
}

export function createPageCache(redis: Redis, enabled: boolean, measures: Measures): PageCache {
  const counts = { hits: 0, misses: 0 }

  async function read<T>(key: string, version: string | null, ttlS: number, load: () => Promise<T>): Promise<T> {
    if (!enabled || version === null) return load()
    const cached = await find<T>(redis, key, version)
    if (cached) {
      counts.hits++
      measures.cacheReads(1, { result: 'hit' })
      return cached.body
    }
    counts.misses++
    measures.cacheReads(1, { result: 'miss' })
    const body = await load()
    redis.set(key, JSON.stringify({ version, body }), 'EX', ttlS).catch(() => undefined)
    return body
  }

  return { read, enabled, stats: () => ({ ...counts }) }
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
