import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from './logger.js'

/**
 * - `commands`: presence, limits, cache. Fails within half a second, so that no request waits for a frozen Redis,
 *   and not sooner, so that a process that was busy itself does not take a healthy one for frozen.
 * - `publisher`: events. Bridges a blip by queueing for a few seconds at most, then rejects what it holds: what must
 *   arrive is stored anyway, what must not arrive late (typing) is gone, and nothing piles up in memory.
 * - `subscriber`: waits for ever and subscribes again after an outage.
 */
export type RedisPurpose = 'commands' | 'publisher' | 'subscriber'

/**
 * Begins to connect and returns at once; reconnects for ever. One line in the log when an outage begins and one when it ends.
 * Promises of a publisher's or subscriber's commands may be left alone: the Socket.IO adapter and emitter do, and a
 * rejection nobody looks at would end the process. Whoever awaits one still sees it reject.
 * @param ca the authorities of a `rediss://` server, as PEM; absent: those that Node knows.
 */
export function connectRedis(url: string, purpose: RedisPurpose, log: Logger, ca?: string): Redis {
  const tls = ca === undefined ? {} : { tls: { ca } }
  const redis = new Redis(url, { ...COMMON, ...BY_PURPOSE[purpose], ...tls, connectionName: `viatra-chat:${purpose}` })
  logOutages(redis, purpose, log)
  outliveSecondErrors(redis)
  if (purpose !== 'commands') allowFloatingCommands(redis)
  return redis
}

/** @returns whether Redis was ready within the time; false leaves the connection trying. */
export async function waitForRedis(redis: Redis, timeoutMs: number): Promise<boolean> {
  if (redis.status === 'ready') return true
  return await new Promise((resolve) => {
    const settle = (ready: boolean) => {
      clearTimeout(timer)
      redis.off('ready', onReady)
      resolve(ready)
    }
    const onReady = () => settle(true)
    const timer = setTimeout(() => settle(false), timeoutMs)
    redis.on('ready', onReady)
  })
}

const COMMON = {
  connectTimeout: 1000,
  retryStrategy: (attempt: number) => Math.min(2000, 50 * 2 ** Math.min(attempt, 6)) * (0.5 + Math.random() / 2),
  // After a failover the old connection may lead to what is now a replica; 2: reconnect and send the refused command again.
  reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 2 : false),
} satisfies RedisOptions

const BY_PURPOSE = {
  // Not sent again when the answer was lost: a counter must not count twice, an event not be told twice.
  commands: { enableOfflineQueue: false, maxRetriesPerRequest: 1, autoResendUnfulfilledCommands: false, commandTimeout: 500 },
  // The queue is flushed with errors at every third attempt: after about 0.5 s, then every 3 to 6 s.
  publisher: { enableOfflineQueue: true, maxRetriesPerRequest: 2, autoResendUnfulfilledCommands: false },
  subscriber: { maxRetriesPerRequest: null, autoResubscribe: true },
} satisfies Record<RedisPurpose, RedisOptions>

/** ioredis reports every attempt of an outage; without an `error` listener the first one would end the process. */
function logOutages(redis: Redis, purpose: RedisPurpose, log: Logger): void {
  let downSince: number | undefined
  let reason: string | undefined
  const announce = () => {
    if (downSince !== undefined) return
    downSince = Date.now()
    log.warn({ purpose, reason }, 'redis is unreachable, reconnecting')
  }
  redis.on('error', (error: Error) => {
    reason = error.message
    if (redis.status === 'ready') log.warn({ purpose, reason }, 'redis reported an error')
    else announce()
  })
  redis.on('reconnecting', announce)
  redis.on('ready', () => {
    if (downSince !== undefined) log.info({ purpose, outageMs: Date.now() - downSince }, 'redis is back')
    downSince = reason = undefined
  })
}

/**
 * ioredis listens for one error of a connection. A server that was refused for its certificate may answer with an alert, which is a second one and
 * would end the process.
 */
function outliveSecondErrors(redis: Redis): void {
  redis.on('error', () => {
    const { stream }: { stream?: Redis['stream'] } = redis
    stream?.on('error', () => undefined)
  })
}

function allowFloatingCommands(redis: Redis): void {
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, stream) => {
    const reply = send(command, stream)
    Promise.resolve(reply).catch(() => undefined)
    return reply
  }
}
