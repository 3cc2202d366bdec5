import type { Redis } from 'ioredis'

/** Every key of the database with what it holds, as text. */
export async function everythingInRedis(redis: Redis): Promise<string> {
  const keys = await redis.keys('*')
  const held = await Promise.all(keys.map(async (key) => [key, await valueOf(redis, key)]))
  return JSON.stringify(held)
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key)
    case 'hash':
      return redis.hgetall(key)
    case 'set':
      return redis.smembers(key)
    case 'zset':
      return redis.zrange(key, '0', '-1')
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'stream':
      return redis.xrange(key, '-', '+')
    default:
      return null
  }
}
