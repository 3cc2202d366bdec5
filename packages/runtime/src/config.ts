import { readContentEncryption, type ContentEncryptionConfig } from './read-content-encryption.js'
import { readRedisCa, requireVerifiedTls } from './read-tls-config.js'
import { readCorsOrigins } from './read-cors-origins.js'
import { readTokenConfig, type TokenConfig } from './read-token-config.js'
import { Settings, type Environment } from './settings.js'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const TRANSPORTS = ['websocket', 'polling'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** Everything a process may be told from outside, parsed once and frozen. Times are in milliseconds. */
export interface Config {
  /** `DATABASE_URL`, `postgres://` or `postgresql://`. */
  readonly databaseUrl: string
  /** `DATABASE_POOL_MAX`: PostgreSQL connections of this process, 1–1,000. */
  readonly databasePoolMax: number
  /** `DATABASE_REPLICA_URL`: a standby that APIs may read history and lists from; absent: the primary serves all. */
  readonly databaseReplicaUrl?: string
  /** `REDIS_URL`, `redis://` or `rediss://`. */
  readonly redisUrl: string
  /** `REDIS_CA_FILE`: the authorities that a `rediss://` server's certificate must come from, as PEM; absent: those that Node knows. */
  readonly redisCa?: string
  /**
   * How events go between processes; the same for all of them. `REDIS_ADAPTER`: `classic`, or `sharded` for many gateways, which needs Redis 7.
   * `WIRE_VERSION`: `previous` while processes of the version before run, which do not understand batches.
   */
  readonly eventForm: 'batched' | 'sharded' | 'plain'
  /** `HOST`: the address to listen on. */
  readonly host: string
  /** `PORT`: 0 lets the system choose. */
  readonly port: number
  /** `METRICS_PORT`: where `/metrics` is served, on the same address; absent: nowhere. 0 lets the system choose. */
  readonly metricsPort?: number
  /** `BUILD_REVISION`: what was built, for the metrics and for reported faults. */
  readonly revision?: string
  /** `SENTRY_DSN`: where faults are reported; absent: nowhere. */
  readonly sentryDsn?: string
  /** `LOG_LEVEL`; SIGUSR2 makes it `debug` and back. */
  readonly logLevel: LogLevel
  /** Whether `NODE_ENV` is `production`. Only makes refusals here stricter; no other code branches on it. */
  readonly production: boolean
  readonly jwt: TokenConfig
  /** `RATE_LIMIT_MULTIPLIER`: scales every limit; above 0, at most 1,000,000. */
  readonly rateLimitMultiplier: number
  /** `SOCKET_IO_CORS_ORIGIN`: origins of web clients, for REST and sockets; `['*']` is any, empty is none but our own. */
  readonly corsOrigins: readonly string[]
  /** `TRUSTED_PROXY_HOPS`: how many proxies of ours add to `X-Forwarded-For`, 0–10; at 0 the header is not read. */
  readonly trustedProxyHops: number
  readonly socket: SocketConfig
  readonly chat: ChatConfig
  /** `PRESENCE_GRACE_MS`: how long after the last connection is gone somebody still counts as online. */
  readonly presenceGraceMs: number
  readonly push: PushConfig
  /** `CHAT_CACHE`: whether lists are cached in Redis. */
  readonly cache: boolean
  readonly contentEncryption: ContentEncryptionConfig
  readonly retention: RetentionConfig
  /** `AUDIT_SENDS`: whether the audit log tells who sent which message. */
  readonly auditSends: boolean
  /** `SHUTDOWN_TIMEOUT_MS`: how long a stop may take before the process ends anyway. */
  readonly shutdownTimeoutMs: number
  /**
   * `GATEWAY_DRAIN_MS`: over how long a stopping gateway sends its clients elsewhere, at most four fifths of the shutdown timeout;
   * 5,000 or half of that timeout unless set. 0: all at once.
   */
  readonly gatewayDrainMs: number
}

export interface RetentionConfig {
  /** `RETENTION_DIRECT_DAYS`, `RETENTION_GROUP_DAYS`, `RETENTION_CHANNEL_DAYS`: how long messages are kept; 0: for ever. */
  readonly days: { readonly direct: number; readonly group: number; readonly channel: number }
  /** `RETENTION_INTERVAL`: how often what is due is deleted, an hour unless set. */
  readonly intervalMs: number
}

export interface SocketConfig {
  /** `SOCKET_IDLE_TIMEOUT`, a duration such as `15m`: a session without a client's event for so long ends; 0, unless set: never. */
  readonly idleTimeoutMs: number
  /** `SOCKET_IO_PING_TIMEOUT`. */
  readonly pingTimeoutMs: number
  /** `SOCKET_IO_PING_INTERVAL`. */
  readonly pingIntervalMs: number
  /** `SOCKET_IO_TRANSPORTS`, comma-separated; polling needs a sticky cookie in front. */
  readonly transports: readonly Transport[]
  /** `SOCKET_CONNECTIONS_PER_USER`: of one person over all gateways, 1–10,000; one more ends the oldest. While Redis is away each gateway counts for itself. */
  readonly connectionsPerUserMax: number
  /**
   * `SOCKET_CONNECTIONS_PER_ADDRESS`: from one address to one gateway, with or without a token, 1–1,000,000; further ones are refused.
   * Behind a balancer all share its address unless `TRUSTED_PROXY_HOPS` is set.
   */
  readonly connectionsPerAddressMax: number
  /**
   * `GATEWAY_CONNECTIONS_MAX`: on one gateway, 1–1,000,000; further handshakes are answered 503. Absent: as many as the descriptors of the process allow, less a thousand or half of them, where the
   * system tells.
   */
  readonly connectionsMax?: number
}

export interface ChatConfig {
  /** `CHAT_MESSAGE_MAX_LENGTH`, in code points; 20,000 still fit into a request body whatever they are. */
  readonly messageLengthMax: number
  /** `CHAT_CONVERSATION_PAGE_SIZE`: conversations per page when the caller names no limit, 1–50. */
  readonly conversationPageSize: number
  /** `CHAT_MESSAGE_PAGE_SIZE`: messages per page when the caller names no limit, 1–100. */
  readonly messagePageSize: number
  /** Whether what others are to read is written as the version before reads it; with `WIRE_VERSION`. */
  readonly isReadByPrevious: boolean
}

export const PUSH_TRANSPORTS = ['off', 'log', 'fcm'] as const
export type PushTransportName = (typeof PUSH_TRANSPORTS)[number]

export interface PushConfig {
  /**
   * `PUSH_TRANSPORT`: `fcm` sends, `log` prints what would be sent, `off` keeps nothing of it. `fcm` where Firebase is configured, else `off`.
   * Has to be the same for every process: gateways and APIs note what may be worth a push, workers send it.
   */
  readonly transport: PushTransportName
  /** `PUSH_CONTENT`: `generic` keeps names and texts off lock screens. */
  readonly content: 'full' | 'generic'
  /** `PUSH_WORKER`: whether this API decides and sends. Any number of them may. */
  readonly worker: boolean
  /** `PUSH_CONFIRM_MS`: how long somebody who has joined may take to confirm delivery before they get a push as well; 0: for ever. */
  readonly confirmMs: number
  /** `PUSH_EXPIRES`: what could not be sent for so long is not sent any more. */
  readonly expiresMs: number
  /** `PUSH_CALL_TIMEOUT_MS`: how long one call to FCM may take before its pushes are tried again. */
  readonly callTimeoutMs: number
  /** `PUSH_PER_SECOND`: most pushes of one worker in a second, 1–10,000. */
  readonly perSecond: number
  /** `PUSH_BADGE_UPDATES`: whether reading updates the number on the app's icon on all devices, silently. */
  readonly badgeUpdates: boolean
  /** `PUSH_MENTIONS_PASS_MUTE`: whether who is named in `metadata.mentions` gets a push although the conversation is muted. */
  readonly mentionsPassMute: boolean
  readonly firebase?: FirebaseConfig
}

export interface FirebaseConfig {
  /** `FIREBASE_PROJECT_ID`. */
  readonly projectId: string
  /** `FIREBASE_PRIVATE_KEY_PATH`: the service account's JSON file. */
  readonly privateKeyPath: string
  /** `FIREBASE_CLIENT_EMAIL`; the service account's file names one too. */
  readonly clientEmail?: string
  /** `FIREBASE_ENDPOINT`, `https://host:port`: where Google's names are reached instead, as through an egress gateway. Certificates are still checked for Google's names. */
  readonly endpoint?: string
  /** `FIREBASE_CA_PATH`: a PEM file of authorities to trust there. */
  readonly caPath?: string
}

/**
 * Reads the whole configuration; an empty value counts as absent.
 * @throws ConfigError with every problem at once, one line each.
 */
export function readConfig(env: Environment): Config {
  const settings = new Settings(env)
  const config: Config = {
    ...readStores(settings),
    ...readProcess(settings),
    ...readShutdown(settings),
    jwt: readTokenConfig(settings),
    rateLimitMultiplier: settings.positiveNumber('RATE_LIMIT_MULTIPLIER', { default: 1, max: 1_000_000 }),
    corsOrigins: readCorsOrigins(settings),
    trustedProxyHops: settings.integer('TRUSTED_PROXY_HOPS', { default: 0, min: 0, max: 10 }),
    socket: readSocket(settings),
    chat: readChat(settings),
    contentEncryption: readContentEncryption(settings),
    retention: readRetention(settings),
    presenceGraceMs: settings.integer('PRESENCE_GRACE_MS', { default: 2000, min: 0, max: 600_000 }),
    push: readPush(settings),
    cache: settings.choice('CHAT_CACHE', ['on', 'off'], 'on') === 'on',
    auditSends: settings.choice('AUDIT_SENDS', ['on', 'off'], 'on') === 'on',
  }
  refuseDebugOutput(settings)
  settings.requireNoProblems()
  return freezeDeeply(config)
}

// Libraries print whole packets and headers then, with what people wrote and what opens doors; no logger of ours can redact that.
function refuseDebugOutput(settings: Settings): void {
  for (const name of ['DEBUG', 'NODE_DEBUG'])
    if (settings.production && settings.text(name) !== undefined)
      settings.report(name, 'must not be set in production: libraries would print tokens and messages')
}

function readStores(
  settings: Settings,
): Pick<Config, 'databaseUrl' | 'databaseReplicaUrl' | 'databasePoolMax' | 'redisUrl' | 'redisCa' | 'eventForm'> {
  requireVerifiedTls(settings)
  const redisCa = readRedisCa(settings)
  const databaseReplicaUrl = settings.url('DATABASE_REPLICA_URL', ['postgres:', 'postgresql:'])
  return {
    ...(databaseReplicaUrl !== undefined && { databaseReplicaUrl }),
    ...(redisCa !== undefined && { redisCa }),
    databaseUrl: settings.requiredUrl('DATABASE_URL', ['postgres:', 'postgresql:']),
    databasePoolMax: settings.integer('DATABASE_POOL_MAX', { default: 10, min: 1, max: 1000 }),
    redisUrl: settings.requiredUrl('REDIS_URL', ['redis:', 'rediss:']),
    eventForm: readEventForm(settings),
  }
}

function readEventForm(settings: Settings): Config['eventForm'] {
  if (settings.choice('REDIS_ADAPTER', ['classic', 'sharded'], 'classic') === 'sharded') return 'sharded'
  return isUnderstoodByPrevious(settings) ? 'plain' : 'batched'
}

/** Whether what this process writes for others is to be understood by the version before. */
const isUnderstoodByPrevious = (settings: Settings) => settings.choice('WIRE_VERSION', ['current', 'previous'], 'current') === 'previous'

function readProcess(
  settings: Settings,
): Pick<Config, 'host' | 'port' | 'metricsPort' | 'revision' | 'sentryDsn' | 'logLevel' | 'production'> {
  const metricsPort = settings.text('METRICS_PORT') && settings.integer('METRICS_PORT', { default: 0, min: 0, max: 65_535 })
  const sentryDsn = settings.url('SENTRY_DSN', ['http:', 'https:'])
  const revision = settings.text('BUILD_REVISION')
  return {
    host: settings.text('HOST') ?? '0.0.0.0',
    port: settings.integer('PORT', { default: 3000, min: 0, max: 65_535 }),
    ...(typeof metricsPort === 'number' && { metricsPort }),
    ...(sentryDsn !== undefined && { sentryDsn }),
    ...(revision !== undefined && { revision }),
    logLevel: settings.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    production: settings.production,
  }
}

// What is left of a stop after the drain: answers under way, and the stores.
const drainShareMax = 0.8

function readShutdown(settings: Settings): Pick<Config, 'shutdownTimeoutMs' | 'gatewayDrainMs'> {
  const shutdownTimeoutMs = settings.integer('SHUTDOWN_TIMEOUT_MS', { default: 10_000, min: 100, max: 600_000 })
  const drainMsMax = Math.floor(shutdownTimeoutMs * drainShareMax)
  const drainMsDefault = Math.min(5000, Math.floor(shutdownTimeoutMs / 2))
  const gatewayDrainMs = settings.integer('GATEWAY_DRAIN_MS', { default: drainMsDefault, min: 0, max: 600_000 })
  if (gatewayDrainMs > drainMsMax)
    settings.report('GATEWAY_DRAIN_MS', `must be at most ${drainMsMax}, four fifths of SHUTDOWN_TIMEOUT_MS, but is "${gatewayDrainMs}"`)
  return { shutdownTimeoutMs, gatewayDrainMs }
}

function readSocket(settings: Settings): SocketConfig {
  const isBounded = settings.text('GATEWAY_CONNECTIONS_MAX') !== undefined
  return {
    ...(isBounded && { connectionsMax: settings.integer('GATEWAY_CONNECTIONS_MAX', { default: 1, min: 1, max: 1_000_000 }) }),
    idleTimeoutMs: settings.durationMs('SOCKET_IDLE_TIMEOUT', 0),
    pingTimeoutMs: settings.integer('SOCKET_IO_PING_TIMEOUT', { default: 60_000, min: 100, max: 600_000 }),
    pingIntervalMs: settings.integer('SOCKET_IO_PING_INTERVAL', { default: 25_000, min: 100, max: 600_000 }),
    transports: settings.choices('SOCKET_IO_TRANSPORTS', TRANSPORTS, ['websocket']),
    connectionsPerUserMax: settings.integer('SOCKET_CONNECTIONS_PER_USER', { default: 20, min: 1, max: 10_000 }),
    connectionsPerAddressMax: settings.integer('SOCKET_CONNECTIONS_PER_ADDRESS', { default: 20_000, min: 1, max: 1_000_000 }),
  }
}

function readChat(settings: Settings): ChatConfig {
  return {
    messageLengthMax: settings.integer('CHAT_MESSAGE_MAX_LENGTH', { default: 5000, min: 1, max: 20_000 }),
    conversationPageSize: settings.integer('CHAT_CONVERSATION_PAGE_SIZE', { default: 20, min: 1, max: 50 }),
    messagePageSize: settings.integer('CHAT_MESSAGE_PAGE_SIZE', { default: 50, min: 1, max: 100 }),
    isReadByPrevious: isUnderstoodByPrevious(settings),
  }
}

function readRetention(settings: Settings): RetentionConfig {
  const days = (type: string) => settings.integer(`RETENTION_${type}_DAYS`, { default: 0, min: 0, max: 36_500 })
  return {
    days: { direct: days('DIRECT'), group: days('GROUP'), channel: days('CHANNEL') },
    intervalMs: settings.durationMs('RETENTION_INTERVAL', 3_600_000),
  }
}

function readPush(settings: Settings): PushConfig {
  const firebase = readFirebase(settings)
  return {
    transport: settings.choice('PUSH_TRANSPORT', PUSH_TRANSPORTS, firebase ? 'fcm' : 'off'),
    content: settings.choice('PUSH_CONTENT', ['full', 'generic'], 'full'),
    worker: settings.choice('PUSH_WORKER', ['on', 'off'], 'on') === 'on',
    confirmMs: settings.integer('PUSH_CONFIRM_MS', { default: 5000, min: 0, max: 600_000 }),
    expiresMs: settings.durationMs('PUSH_EXPIRES', 24 * 60 * 60 * 1000),
    callTimeoutMs: settings.integer('PUSH_CALL_TIMEOUT_MS', { default: 20_000, min: 100, max: 300_000 }),
    perSecond: settings.integer('PUSH_PER_SECOND', { default: 500, min: 1, max: 10_000 }),
    badgeUpdates: settings.choice('PUSH_BADGE_UPDATES', ['on', 'off'], 'on') === 'on',
    mentionsPassMute: settings.choice('PUSH_MENTIONS_PASS_MUTE', ['on', 'off'], 'off') === 'on',
    ...(firebase && { firebase }),
  }
}

function readFirebase(settings: Settings): FirebaseConfig | undefined {
  const projectId = settings.text('FIREBASE_PROJECT_ID')
  const privateKeyPath = settings.text('FIREBASE_PRIVATE_KEY_PATH')
  const clientEmail = settings.text('FIREBASE_CLIENT_EMAIL')
  const endpoint = settings.url('FIREBASE_ENDPOINT', ['https:'])
  const caPath = settings.text('FIREBASE_CA_PATH')
  if (projectId && privateKeyPath)
    return { projectId, privateKeyPath, ...(clientEmail && { clientEmail }), ...(endpoint && { endpoint }), ...(caPath && { caPath }) }
  if (!projectId && (privateKeyPath || clientEmail))
    settings.report('FIREBASE_PROJECT_ID', 'is missing, but other FIREBASE_ values are set')
  if (!privateKeyPath && (projectId || clientEmail))
    settings.report('FIREBASE_PRIVATE_KEY_PATH', 'is missing, but other FIREBASE_ values are set')
  return undefined
}

function freezeDeeply<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freezeDeeply(part)
  return Object.freeze(value)
}
