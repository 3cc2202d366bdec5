import type { Redis } from 'ioredis'

/** Removes cached pages and lists of these conversations and people. Their versions are old anyway, but what they show would stay for minutes. */
export async function forgetCachedPages(redis: Redis, ids: readonly string[]): Promise<void> {
  const wanted = new Set(ids)
  for (const pattern of ['chat:messages:*', 'chat:conversation:*']) {
    for await (const keys of redis.scanStream({ match: pattern, count: 500 })) {
      const old = (keys as string[]).filter((key) => wanted.has(key.split(':')[2] ?? ''))
      if (old.length > 0) await redis.unlink(...old)
    }
  }
}
