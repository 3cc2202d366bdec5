import type { Tables } from '@viatra-chat/db'
import { Kysely, PostgresDialect, sql, type LogEvent } from 'kysely'
import pg from 'pg'
import { Denials } from './audit/denials.js'
import { createPageCache } from './cache/page-cache.js'
import type { Chat, ChatOptions } from './chat.js'
import { PlannedClient } from './database/planned-client.js'
import { ContentCipher } from './encryption/content-cipher.js'
import { createEmitterPublisher } from './events/emitter-publisher.js'
import { Outbox } from './events/outbox.js'
import { createAuthenticator } from './identity/authenticate.js'
import { createTokenVerifier } from './identity/token-verifier.js'
import { createFailedTokens } from './limits/failed-tokens.js'
import { createLimitCounter } from './limits/limit-counter.js'
import { collectState } from './measures/collect-state.js'
import { chatMetrics, ignoreMeasures, type Measures } from './measures/metrics.js'
import { nameStatement } from './measures/name-statement.js'
import { createConversationIdReader } from './membership/list-conversation-ids.js'
import { createMembershipReader } from './membership/membership.js'
import { announceMessages } from './messages/announce-message.js'
import { openQuotes } from './messages/open-quotes.js'
import { createEndTyping } from './presence/typing.js'
import { BadgeUpdates } from './push/badge-updates.js'
import { Replica } from './replica/replica.js'
import { SendQueue } from './messages/send-queue.js'

/** The domain with what its owner needs besides operations. */
export interface OpenChat extends Chat {
  /** Each resolves while that store answers and rejects otherwise. */
  readonly checks: { database(): Promise<void>; redis(): Promise<void> }
  /** Tells the measures what is read rather than told: the outbox, the pool, the queue. Never rejects. */
  collectState(): Promise<void>
  /** Finishes what is under way and closes the database connections; the Redis clients belong to the caller. */
  close(): Promise<void>
}

/** Opens the domain. Connections are made when they are first needed, so a store that is away is no failure here. */
export function openChat(options: ChatOptions): OpenChat {
  const { redis, settings, log, measures = ignoreMeasures(chatMetrics) } = options
  const pool = createPool(options)
  const open = (ofPool: pg.Pool) =>
    new Kysely<Tables>({ dialect: new PostgresDialect({ pool: ofPool }), log: (event) => measureQuery(measures, event) })
  const db = open(pool)
  const replica = openReplica(options, measures, open)
  const outbox = new Outbox(db, log)
  const contents = new ContentCipher(options.contentEncryption ?? { seals: false, keys: [] }, log)
  const sends = new SendQueue({
    databaseUrl: options.databaseUrl,
    log,
    measures,
    pushes: settings.push.enabled,
    audited: settings.auditSends,
    ...(contents.hasKeys && { openQuotes: (drafts, rows) => openQuotes({ db, contents }, drafts, rows) }),
    takeTold: () => outbox.takeTold(),
    announce: (outboxId, messages) => void outbox.deliver(chat, outboxId, (telling) => announceMessages(telling, messages)),
  })
  const denials = new Denials(db, log)
  const events = createEmitterPublisher(options.publisher, options.eventForm, log, measures)
  const chat: OpenChat = {
    db,
    replica,
    denials,
    redis,
    settings,
    log,
    measures,
    sends,
    endTyping: createEndTyping({ redis, events }),
    memberships: createMembershipReader(db),
    conversationIds: createConversationIdReader(db),
    outbox,
    events,
    limits: createLimitCounter(redis, settings.rateLimitMultiplier, measures),
    failedTokens: createFailedTokens(settings.rateLimitMultiplier),
    authenticator: createAuthenticator(db, createTokenVerifier(options.jwt)),
    contents,
    cache: createPageCache(redis, settings.cache && !contents.hasKeys, { log, measures }),
    badges: new BadgeUpdates(db, settings.push, log),
    checks: {
      database: async () => void (await sql`select 1`.execute(db)),
      redis: async () => void (await redis.ping()),
    },
    collectState: () => collectState({ db, pool, poolMax: options.databasePoolMax, waitingSends: () => sends.waiting }, measures),
    close: async () => {
      await sends.close()
      await outbox.close()
      await chat.badges.flush()
      await denials.close()
      await replica?.close()
      await db.destroy()
    },
  }
  return chat
}

function openReplica(options: ChatOptions, measures: Measures, open: (pool: pg.Pool) => Kysely<Tables>): Replica | undefined {
  const { databaseReplicaUrl: databaseUrl, log } = options
  if (databaseUrl === undefined) return undefined
  return new Replica({ open: () => open(createPool({ ...options, databaseUrl }, replicaPatience)), log, measures })
}

function measureQuery(measures: Measures, { level, query, queryDurationMillis }: LogEvent): void {
  const statement = nameStatement(query.sql)
  measures.querySeconds(queryDurationMillis / 1000, { statement })
  if (level === 'error') measures.queryFailures(1, { statement })
}

// Patience ends early: there is another server to ask.
const replicaPatience = { connectionTimeoutMillis: 500, statement_timeout: 1000, query_timeout: 1500 }

function createPool(
  { databaseUrl, databasePoolMax, log }: Pick<ChatOptions, 'databaseUrl' | 'databasePoolMax' | 'log'>,
  patience: pg.PoolConfig = {},
): pg.Pool {
  const pool = new pg.Pool({
    Client: PlannedClient,
    connectionString: databaseUrl,
    max: databasePoolMax,
    // Also how long a statement waits for a free connection: under a burst a late answer is better than none.
    connectionTimeoutMillis: 5000,
    statement_timeout: 5000,
    // For a server that answers nothing at all; one that lives ends a statement itself, earlier.
    query_timeout: 6000,
    lock_timeout: 2000,
    // Everything that is asked here is answered within milliseconds, which is less than workers or compiled code take to begin. On a partitioned
    // table PostgreSQL thinks otherwise: it counts the partitions that it is then not going to look at.
    options: '-c max_parallel_workers_per_gather=0 -c jit=off',
    idle_in_transaction_session_timeout: 10_000,
    ...patience,
  })
  // An idle connection that the server ends raises this; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'))
  // The same for a connection in use: its query rejects, but the connection says so a second time, to nobody.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
