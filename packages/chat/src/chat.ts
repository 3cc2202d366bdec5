import type { Tables } from '@viatra-chat/db'
import type { Denials } from './audit/denials.js'
import type { PageCache } from './cache/page-cache.js'
import type { ContentCipher, ContentEncryption } from './encryption/content-cipher.js'
import type { Redis } from 'ioredis'
import type { Kysely } from 'kysely'
import type { Authenticator } from './identity/authenticate.js'
import type { TokenOptions } from './identity/token-verifier.js'
import type { Outbox } from './events/outbox.js'
import type { EventForm } from './events/emitter-publisher.js'
import type { EventPublisher } from './events/publisher.js'
import type { BadgeUpdates } from './push/badge-updates.js'
import type { PushSettings } from './push/push-settings.js'
import type { FailedTokens } from './limits/failed-tokens.js'
import type { LimitCounter } from './limits/limit-counter.js'
import type { Measures } from './measures/metrics.js'
import type { ConversationIdReader } from './membership/list-conversation-ids.js'
import type { MembershipReader } from './membership/membership.js'
import type { SendQueue } from './messages/send-queue.js'
import type { Replica } from './replica/replica.js'
import type { EndTyping } from './presence/typing.js'

/** What the domain logs through; pino fits. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Settings of the domain. */
export interface ChatSettings {
  /** Longest message, in code points. */
  messageLengthMax: number
  /** Conversations on a page when the caller does not say; 1–50. */
  conversationPageSize: number
  /** Messages on a page when the caller does not say; 1–100. */
  messagePageSize: number
  /**
   * Whether the version before reads along. Then sync tokens say no more than it understands (what finished above the oldest open transaction comes
   * twice), and Redis is not told who was never seen.
   */
  isReadByPrevious: boolean
  /** Multiplies every per-minute limit and the socket throttle. */
  rateLimitMultiplier: number
  /** Whether pages are cached in Redis; never where content may be sealed. */
  cache: boolean
  push: PushSettings
  /** Whether the audit log has a row for each batch of sends. */
  auditSends: boolean
}

export interface ChatOptions {
  databaseUrl: string
  /** Connections of the pool; one more is kept for sends. */
  databasePoolMax: number
  /** A standby of the same database, for history and lists; as many connections again. Absent: everything is read from the primary. */
  databaseReplicaUrl?: string
  /** For commands: must fail fast while Redis is away. */
  redis: Redis
  /** For publishing events: may queue while Redis is away. */
  publisher: Redis
  /** How events are told; the same for every process. */
  eventForm: EventForm
  jwt: TokenOptions
  settings: ChatSettings
  /** Absent: nothing is sealed, and nothing that is can be opened. */
  contentEncryption?: ContentEncryption
  log: Log
  /** Where measurements go; absent: nowhere. */
  measures?: Measures
}

/** The domain, opened: what every operation works with. */
export interface Chat {
  readonly db: Kysely<Tables>
  readonly replica: Replica | undefined
  readonly redis: Redis
  readonly settings: ChatSettings
  readonly log: Log
  readonly measures: Measures
  readonly events: EventPublisher
  readonly outbox: Outbox
  readonly limits: LimitCounter
  readonly failedTokens: FailedTokens
  readonly sends: SendQueue
  readonly endTyping: EndTyping
  readonly memberships: MembershipReader
  readonly conversationIds: ConversationIdReader
  readonly authenticator: Authenticator
  readonly cache: PageCache
  /** Seals and opens what people say. */
  readonly contents: ContentCipher
  readonly badges: BadgeUpdates
  readonly denials: Denials
}
