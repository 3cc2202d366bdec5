import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Log } from '../chat.js'
import { queueBadges } from './push-jobs.sql.js'
import type { PushSettings } from './push-settings.js'

// Reading comes in bursts, as somebody scrolls.
const gatherMs = 1000
const restMs = 1000

/**
 * The number on the app's icon, for who read something: gathered for a moment, then queued for all their devices. What a dying process
 * had gathered is lost, which the next push puts right.
 */
export class BadgeUpdates {
  readonly #db: Kysely<Tables>
  readonly #settings: PushSettings
  readonly #log: Log
  #people = new Set<UserId>()
  #timer: NodeJS.Timeout | undefined

  constructor(db: Kysely<Tables>, settings: PushSettings, log: Log) {
    this.#db = db
    this.#settings = settings
    this.#log = log
  }

  /** Somebody has fewer unread messages than before. */
  changed(userId: UserId): void {
    if (!this.#settings.enabled || !this.#settings.badgeUpdates) return
    this.#people.add(userId)
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs)
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const people = [...this.#people]
    this.#people = new Set()
    if (people.length === 0) return
    const times = { inMs: restMs, expiresMs: this.#settings.expiresMs }
    await queueBadges(this.#db, people, times).catch((error: unknown) => this.#log.debug({ err: error }, 'badges were not queued'))
  }
}
