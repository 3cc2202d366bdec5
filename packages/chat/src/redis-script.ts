import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Runs a script by its fingerprint; its text goes to Redis only when Redis does not know it, as after a restart. */
export type RedisScript = (redis: Redis, keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>

export function redisScript(text: string): RedisScript {
  const fingerprint = createHash('sha1').update(text).digest('hex')
  return (redis, keys, args) =>
    redis.evalsha(fingerprint, keys.length, ...keys, ...args).catch((error: unknown) => {
      if (!String(error).includes('NOSCRIPT')) throw error
      return redis.eval(text, keys.length, ...keys, ...args)
    })
}
