import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Redis } from 'ioredis'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { connectRedis, createLogger, waitForRedis, type RedisPurpose } from '../src/index.js'

/** An address where nothing listens. */
let url: string
let warnings: string[]
const connections: Redis[] = []

beforeAll(async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `redis://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  server.close()
})

afterEach(() => {
  for (const redis of connections.splice(0)) redis.disconnect()
})

test('an outage of many attempts is one line in the log', async () => {
  const redis = connect('commands')
  await attempts(redis, 4)
  expect(warnings).toEqual(['redis is unreachable, reconnecting'])
})

test('a command fails at once while Redis is away', async () => {
  const redis = connect('commands')
  await attempts(redis, 1)
  const before = performance.now()
  await expect(redis.get('key')).rejects.toThrow()
  expect(performance.now() - before).toBeLessThan(50)
})

test('events are not kept for long, and a rejection nobody looks at harms nobody', async () => {
  const redis = connect('publisher')
  void redis.publish('channel', 'nobody waits for this')
  await expect(redis.publish('channel', 'somebody does')).rejects.toThrow(/max retries/)
})

test('waiting for Redis ends with its time', async () => {
  expect(await waitForRedis(connect('subscriber'), 20)).toBe(false)
})

test('a connection that fails twice, as when a server that was refused says so, does not end the process', async () => {
  const redis = connect('commands')
  await new Promise((resolve) => redis.once('error', resolve))
  expect(() => redis.stream.emit('error', new Error('an alert'))).not.toThrow()
})

function connect(purpose: RedisPurpose): Redis {
  warnings = []
  const log = createLogger({ name: 'test', level: 'silent' })
  log.warn = (_fields: unknown, message?: string) => void warnings.push(String(message))
  const redis = connectRedis(url, purpose, log)
  connections.push(redis)
  return redis
}

/** Not events.once: it rejects at the `error` that each attempt reports. */
async function attempts(redis: Redis, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => redis.once('reconnecting', resolve))
}
