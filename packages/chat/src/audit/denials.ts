import type { ConversationId, MessageId, OperationName, RefusalCode, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Log } from '../chat.js'
import { recordAudits, type AuditEntry } from './record-audit.js'

/** An operation that somebody was not allowed to carry out. */
export interface Denial {
  actorId: UserId
  operation: OperationName
  code: RefusalCode
  conversationId?: ConversationId
  messageId?: MessageId
  requestId: string
}

const windowMs = 60_000
const writtenAfterMs = 500
// A row each for the first ones; the rest of the window becomes one row, so that a flood of refusals cannot fill the disk: 61 rows a minute
// and process at the very most, 88,000 a day, some 25 MB.
const perPersonMax = 5
const perWindowMax = 60
const peopleCountedMax = 1000
const peopleListedMax = 50

/**
 * Records denied access. Nobody waits for it: rows gather for half a second and are written together, and a process that is killed loses
 * those of that half second.
 */
export class Denials {
  readonly #db: Kysely<Tables>
  readonly #log: Log
  #waiting: AuditEntry[] = []
  #writeTimer: NodeJS.Timeout | undefined
  #windowTimer: NodeJS.Timeout | undefined
  #inWindow = 0
  readonly #byPerson = new Map<UserId, number>()
  #surplus = 0
  readonly #surplusByPerson = new Map<UserId, number>()

  constructor(db: Kysely<Tables>, log: Log) {
    this.#db = db
    this.#log = log
  }

  record(denial: Denial): void {
    this.#windowTimer ??= setTimeout(() => void this.#endWindow(), windowMs).unref()
    const count = (this.#byPerson.get(denial.actorId) ?? 0) + 1
    if (count > perPersonMax || this.#inWindow >= perWindowMax) return this.#countSurplus(denial.actorId)
    this.#inWindow++
    this.#byPerson.set(denial.actorId, count)
    this.#waiting.push(toEntry(denial))
    this.#writeTimer ??= setTimeout(() => void this.#write(), writtenAfterMs).unref()
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    await this.#endWindow()
  }

  #countSurplus(actorId: UserId): void {
    this.#surplus++
    const known = this.#surplusByPerson.get(actorId)
    if (known !== undefined || this.#surplusByPerson.size < peopleCountedMax) this.#surplusByPerson.set(actorId, (known ?? 0) + 1)
  }

  async #endWindow(): Promise<void> {
    clearTimeout(this.#windowTimer)
    this.#windowTimer = undefined
    if (this.#surplus > 0) this.#waiting.push(this.#surplusEntry())
    this.#inWindow = this.#surplus = 0
    this.#byPerson.clear()
    this.#surplusByPerson.clear()
    await this.#write()
  }

  #surplusEntry(): AuditEntry {
    const people = [...this.#surplusByPerson].sort(([, one], [, other]) => other - one).slice(0, peopleListedMax)
    return { action: 'access_denied', details: { more: this.#surplus, people: Object.fromEntries(people) } }
  }

  async #write(): Promise<void> {
    clearTimeout(this.#writeTimer)
    this.#writeTimer = undefined
    const entries = this.#waiting.splice(0)
    try {
      await recordAudits(this.#db, entries)
    } catch (error) {
      this.#log.warn({ err: error, denials: entries.length }, 'denied access could not be recorded')
    }
  }
}

function toEntry({ operation, code, ...rest }: Denial): AuditEntry {
  return { ...rest, action: 'access_denied', details: { operation, code } }
}
