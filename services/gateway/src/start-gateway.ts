import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  chatMetrics,
  connectionsEndedSignal,
  openChat,
  participantsRemovedSignal,
  startOutboxRelay,
  type ChatOptions,
  type MembershipChange,
  type OpenChat,
} from '@viatra-chat/chat'
import { ConfigError, connectRedis, openMetrics, type Config, type Logger, type Metrics } from '@viatra-chat/runtime'
import type { Redis } from 'ioredis'
import { createAddressBook, endExcess } from './connection-caps.js'
import { connectionOpener, type Connection } from './connection.js'
import { ConnectionRegister } from './connection-register.js'
import type { Gateway } from './gateway.js'
import { createTurnFlusher } from './flush-by-turn.js'
import { createGuardedAdapter } from './guarded-adapter.js'
import { admit } from './handshake.js'
import { createHttpServer, listen } from './http-server.js'
import { watchInactivePeople } from './inactive-people.js'
import { JoinedPeople } from './joined-people.js'
import { collectGatewayState, gatewayMeasures, tellHeard } from './metrics.js'
import { Presence } from './presence.js'
import { createRecentRemovals } from './recent-removals.js'
import { watchMissedEvents } from './resync.js'
import { watchRooms } from './room-sweep.js'
import { applyRemoval } from './rooms.js'
import { watchExpiry } from './session-expiry.js'
import { watchIdleness } from './session-idle.js'
import { createSocketServer } from './socket-server.js'
import { watchSlowConsumers } from './slow-consumers.js'
import { stopGateway } from './stop-gateway.js'
import { Subscription } from './subscription.js'
import { createThrottle } from './throttle.js'
import { createFrameWriter } from './written-frames.js'

export interface RunningGateway {
  /** Base URL on this machine. */
  readonly url: string
  readonly port: number
  readonly gatewayId: string
  /** Where `/metrics` is served, if it is. */
  readonly metricsPort?: number
  /** Lets clients reconnect elsewhere, a few at a time over `gatewayDrainMs`, finishes what is under way, and closes everything within `shutdownTimeoutMs`. */
  stop(): Promise<void>
}

// A store that is away at the start is no reason not to start, only one not to be ready.
const subscriptionWaitMs = 3000

/** Starts a gateway of its own connections and nothing shared with others in the process. Port 0: the system chooses. */
export async function startGateway(config: Config, log: Logger): Promise<RunningGateway> {
  const redis = connectAll(config, log)
  const metrics = config.metricsPort === undefined ? undefined : openMetrics('gateway', config.revision)
  const measures = gatewayMeasures(metrics)
  const chat = openChat({ ...chatOptions(config, redis, log), ...(metrics && { measures: metrics.measure(chatMetrics) }) })
  await requireContentKeys(chat, Object.values(redis))
  const subscription = new Subscription(redis.subscriber)
  const adapter = createGuardedAdapter({ ...redis, form: config.eventForm }, log, {
    isTrusted: () => subscription.isTrusted,
    onAddition: () => gateway.additions.heard++,
    ...(metrics && { onEvent: (event) => tellHeard(measures, event) }),
  })
  const httpServer = createHttpServer({ checks: chat.checks, isAccepting: () => gateway.phase === 'open' })
  const addresses = createAddressBook(config)
  const io = createSocketServer(httpServer, config, { adapter, addresses, measures })
  const gateway = createGateway(config, { chat, io, addresses, subscription, log, measures })
  io.use((socket, next) => void admit(gateway, socket, next))
  io.on('connection', connectionOpener(gateway))
  // Only the guarded adapter raises it, and only for a well-formed signal of our own publisher.
  io.on(participantsRemovedSignal, (change) => applyRemoval(gateway, change as MembershipChange))
  io.on(connectionsEndedSignal, (ids) => endExcess(gateway, ids as string[]))
  const watches = [
    watchExpiry(gateway),
    watchIdleness(gateway, config.socket.idleTimeoutMs),
    watchInactivePeople(gateway),
    watchMissedEvents(gateway),
    watchRooms(gateway),
    watchSlowConsumers(gateway),
    { stop: startOutboxRelay(chat) },
    gateway.register,
    ...(chat.settings.push.enabled ? [new JoinedPeople({ chat, gatewayId: gateway.id, io })] : []),
  ]

  await Promise.race([adapter.subscribed, delay(subscriptionWaitMs, undefined, { ref: false })])
  const times = { drainMs: config.gatewayDrainMs, timeoutMs: config.shutdownTimeoutMs }
  let scrapes: MetricsServer | undefined
  const stop = async () => {
    await stopGateway({ gateway, chat, httpServer, redis: Object.values(redis), watches, ...times })
    // The last to go, so that a drain can be watched.
    await scrapes?.close()
  }
  try {
    scrapes = await listenForScrapes(config, metrics, { gateway, chat, redis })
    const port = await listen(httpServer, config.host, config.port)
    const ports = { port, ...(scrapes && { metricsPort: scrapes.port }) }
    log.info({ ...ports, gatewayId: gateway.id }, 'gateway is listening')
    return { url: `http://127.0.0.1:${port}`, ...ports, gatewayId: gateway.id, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Whoever lacks keys would show, and tell, messages as if they said nothing. */
async function requireContentKeys(chat: OpenChat, clients: readonly Redis[]): Promise<void> {
  const problems = await chat.contents.findProblems(chat.db)
  if (problems.length === 0) return
  await chat.close()
  for (const client of clients) client.disconnect()
  throw new ConfigError(problems)
}

interface RedisClients {
  commands: Redis
  publisher: Redis
  subscriber: Redis
}

type MetricsServer = Awaited<ReturnType<Metrics['listen']>>

async function listenForScrapes(
  { host, metricsPort }: Config,
  metrics: Metrics | undefined,
  { gateway, chat, redis }: { gateway: Gateway; chat: OpenChat; redis: RedisClients },
): Promise<MetricsServer | undefined> {
  if (!metrics || metricsPort === undefined) return undefined
  metrics.watchRedis({ ...redis })
  metrics.onScrape(chat.collectState)
  metrics.onScrape(() => collectGatewayState(gateway))
  return await metrics.listen(host, metricsPort)
}

function connectAll({ redisUrl, redisCa }: Config, log: Logger): RedisClients {
  return {
    commands: connectRedis(redisUrl, 'commands', log, redisCa),
    publisher: connectRedis(redisUrl, 'publisher', log, redisCa),
    subscriber: connectRedis(redisUrl, 'subscriber', log, redisCa),
  }
}

function chatOptions(config: Config, redis: RedisClients, log: Logger): ChatOptions {
  return {
    databaseUrl: config.databaseUrl,
    databasePoolMax: config.databasePoolMax,
    redis: redis.commands,
    publisher: redis.publisher,
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
  }
}

function createGateway(config: Config, parts: Pick<Gateway, 'chat' | 'io' | 'addresses' | 'subscription' | 'log' | 'measures'>): Gateway {
  const id = randomUUID()
  const { connectionsPerUserMax } = config.socket
  // Up to 200,000 a second: a plain number, told when somebody looks.
  const written = { packets: 0 }
  return {
    ...parts,
    id,
    presence: new Presence({ chat: parts.chat, gatewayId: id, graceMs: config.presenceGraceMs }),
    register: new ConnectionRegister({ chat: parts.chat, gatewayId: id, connectionsMax: connectionsPerUserMax }),
    removals: createRecentRemovals(),
    additions: { heard: 0 },
    limits: { connectionsPerUserMax },
    throttle: createThrottle(config.rateLimitMultiplier),
    connections: new Map<string, Connection>(),
    written,
    writeFrames: createFrameWriter(() => written.packets++),
    flushByTurns: createTurnFlusher(),
    inFlight: 0,
    phase: 'open',
  }
}
