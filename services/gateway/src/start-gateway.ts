import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { openChat, participantsRemovedSignal, startOutboxRelay, type ChatOptions, type MembershipChange } from '@viatra-chat/chat'
import { connectRedis, type Config, type Logger } from '@viatra-chat/runtime'
import type { Redis } from 'ioredis'
import { openConnection, type Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { createGuardedAdapter } from './guarded-adapter.js'
import { admit } from './handshake.js'
import { createHttpServer, listen } from './http-server.js'
import { watchInactivePeople } from './inactive-people.js'
import { Presence } from './presence.js'
import { createRecentRemovals } from './recent-removals.js'
import { watchMissedEvents } from './resync.js'
import { watchRooms } from './room-sweep.js'
import { applyRemoval } from './rooms.js'
import { createSocketServer } from './socket-server.js'
import { watchSlowConsumers } from './slow-consumers.js'
import { stopGateway } from './stop-gateway.js'
import { Subscription } from './subscription.js'

export interface RunningGateway {
  /** Base URL on this machine. */
  readonly url: string
  readonly port: number
  readonly gatewayId: string
  /** Lets clients reconnect elsewhere, a few at a time over `gatewayDrainMs`, finishes what is under way, and closes everything within `shutdownTimeoutMs`. */
  stop(): Promise<void>
}

// A store that is away at the start is no reason not to start, only one not to be ready.
const subscriptionWaitMs = 3000

/** Starts a gateway of its own connections and nothing shared with others in the process. Port 0: the system chooses. */
export async function startGateway(config: Config, log: Logger): Promise<RunningGateway> {
  const redis = connectAll(config, log)
  const chat = openChat(chatOptions(config, redis, log))
  const subscription = new Subscription(redis.subscriber)
  const adapter = createGuardedAdapter(redis.publisher, redis.subscriber, log, {
    isTrusted: () => subscription.isTrusted,
    onAddition: () => gateway.additions.heard++,
  })
  const httpServer = createHttpServer({ checks: chat.checks, isAccepting: () => gateway.phase === 'open' })
  const io = createSocketServer(httpServer, config, adapter)
  const gateway = createGateway(config, { chat, io, subscription, log })
  io.use((socket, next) => void admit(gateway, socket, next))
  io.on('connection', (socket) => openConnection(gateway, socket))
  // Only the guarded adapter raises it, and only for a well-formed signal of our own publisher.
  io.on(participantsRemovedSignal, (change) => applyRemoval(gateway, change as MembershipChange))
  const watches = [
    watchInactivePeople(gateway),
    watchMissedEvents(gateway),
    watchRooms(gateway),
    watchSlowConsumers(gateway),
    { stop: startOutboxRelay(chat) },
  ]

  await Promise.race([adapter.subscribed, delay(subscriptionWaitMs, undefined, { ref: false })])
  const times = { drainMs: config.gatewayDrainMs, timeoutMs: config.shutdownTimeoutMs }
  const stop = () => stopGateway({ gateway, chat, httpServer, redis: Object.values(redis), watches, ...times })
  const port = await listen(httpServer, config.host, config.port).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  log.info({ port, gatewayId: gateway.id }, 'gateway is listening')
  return { url: `http://127.0.0.1:${port}`, port, gatewayId: gateway.id, stop }
}

interface RedisClients {
  commands: Redis
  publisher: Redis
  subscriber: Redis
}

function connectAll({ redisUrl }: Config, log: Logger): RedisClients {
  return {
    commands: connectRedis(redisUrl, 'commands', log),
    publisher: connectRedis(redisUrl, 'publisher', log),
    subscriber: connectRedis(redisUrl, 'subscriber', log),
  }
}

function chatOptions(config: Config, redis: RedisClients, log: Logger): ChatOptions {
  return {
    databaseUrl: config.databaseUrl,
    databasePoolMax: config.databasePoolMax,
    redis: redis.commands,
    publisher: redis.publisher,
    jwt: config.jwt,
    settings: { ...config.chat, rateLimitMultiplier: config.rateLimitMultiplier, cache: config.cache },
    log,
  }
}

function createGateway(config: Config, parts: Pick<Gateway, 'chat' | 'io' | 'subscription' | 'log'>): Gateway {
  const id = randomUUID()
  return {
    ...parts,
    id,
    presence: new Presence({ chat: parts.chat, gatewayId: id, graceMs: config.presenceGraceMs }),
    removals: createRecentRemovals(),
    additions: { heard: 0 },
    limits: { connectionsPerUserMax: config.socket.connectionsPerUserMax, trustedProxyHops: config.trustedProxyHops },
    connections: new Map<string, Connection>(),
    inFlight: 0,
    phase: 'open',
  }
}
