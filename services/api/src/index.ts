import {
  chatMetrics,
  openChat,
  startAuditSealer,
  startOutboxRelay,
  startPresenceSweeper,
  startPushWorker,
  startRetention,
  type OpenChat,
} from '@viatra-chat/chat'
import { ConfigError, connectRedis, openMetrics, waitForRedis, type Config, type Logger, type Metrics } from '@viatra-chat/runtime'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { buildApp } from './app.js'
import { openPushTransport } from './push/open-push-transport.js'

/** An API that listens. */
export interface RunningApi {
  /** `http://host:port`, without a slash at its end. */
  url: string
  port: number
  /** Where `/metrics` is served, if it is. */
  metricsPort?: number
  /** Finishes the requests under way and closes all connections, in no more than the configuration's `shutdownTimeoutMs`. */
  stop(): Promise<void>
}

/** Longest wait for Redis before the API starts without it: a limit counted in Redis from the first call on is worth a moment. */
const REDIS_WAIT_MS = 2000

/**
 * Starts an API of its own connections; several may run in one process. Port 0 takes a free one.
 * Stores that are away are no failure: `/readyz` tells, and calls are answered with UNAVAILABLE.
 * @throws when the port cannot be listened on.
 */
export async function startApi(config: Config, log: Logger): Promise<RunningApi> {
  const pushTransport = await openPushTransport(config, log)
  const redis = connectRedis(config.redisUrl, 'commands', log, config.redisCa)
  const publisher = connectRedis(config.redisUrl, 'publisher', log, config.redisCa)
  const metrics = config.metricsPort === undefined ? undefined : openMetrics('api', config.revision)
  const chat = openChat({
    databaseUrl: config.databaseUrl,
    databasePoolMax: config.databasePoolMax,
    ...(config.databaseReplicaUrl !== undefined && { databaseReplicaUrl: config.databaseReplicaUrl }),
    redis,
    publisher,
    eventForm: config.eventForm,
    jwt: config.jwt,
    contentEncryption: config.contentEncryption,
    settings: {
      ...config.chat,
      rateLimitMultiplier: config.rateLimitMultiplier,
      cache: config.cache,
      auditSends: config.auditSends,
      push: { ...config.push, enabled: config.push.transport !== 'off' },
    },
    log,
    ...(metrics && { measures: metrics.measure(chatMetrics) }),
  })
  metrics?.watchRedis({ commands: redis, publisher })
  metrics?.onScrape(chat.collectState)
  const closeStores = () => closeAll(chat, [redis, publisher])
  try {
    await requireContentKeys(chat)
    await waitForRedis(redis, REDIS_WAIT_MS)
    const app = await buildApp(config, chat, metrics)
    const stopLoops = [
      startPresenceSweeper(chat),
      startOutboxRelay(chat),
      startAuditSealer(chat),
      startRetention(chat, config.retention.days, config.retention.intervalMs),
    ]
    const pushWorker = pushTransport && startPushWorker(chat, pushTransport)
    app.addHook('onClose', async () => {
      for (const stop of stopLoops) stop()
      await pushWorker?.stop()
    })
    const page = await listenForScrapes(app, config, metrics)
    const port = await listen(app, config)
    log.info({ port, ...page }, 'the API is listening')
    return { url: `http://${hostInUrl(config.host)}:${port}`, port, ...page, stop: () => stop(app, config.shutdownTimeoutMs, closeStores) }
  } catch (error) {
    await closeStores()
    throw error
  }
}

/** Whoever lacks keys would show messages as if they said nothing. */
async function requireContentKeys(chat: OpenChat): Promise<void> {
  const problems = await chat.contents.findProblems(chat.db)
  if (problems.length > 0) throw new ConfigError(problems)
}

/** The page lives as long as the API, so that a stop can be watched. */
async function listenForScrapes(app: FastifyInstance, config: Config, metrics: Metrics | undefined): Promise<{ metricsPort?: number }> {
  if (!metrics || config.metricsPort === undefined) return {}
  const server = await metrics.listen(config.host, config.metricsPort)
  app.addHook('onClose', () => server.close())
  return { metricsPort: server.port }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<number> {
  await app.listen({ host, port })
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** Requests get most of the time; what is left is for the stores. */
async function stop(app: FastifyInstance, timeoutMs: number, closeStores: () => Promise<void>): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), timeoutMs * 0.7)
  await app.close()
  clearTimeout(late)
  const patience = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs * 0.25).unref())
  await Promise.race([closeStores(), patience])
}

async function closeAll(chat: OpenChat, clients: Redis[]): Promise<void> {
  await chat.close()
  await Promise.all(clients.map(closeRedis))
}

/** `quit` lets events that were just published leave; a Redis that is away has nothing to wait for. */
async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') await redis.quit().catch(() => undefined)
  redis.disconnect()
}
