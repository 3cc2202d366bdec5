import type { Tables } from '@viatra-chat/db'
import type { Kysely, Transaction } from 'kysely'
import type { Chat, Log } from '../chat.js'
import type { Announcement } from './announcement.js'
import { deleteAnnouncements, insertAnnouncement } from './outbox.sql.js'

// Long enough for the next batch of sends to take the deletions along, short enough to keep the table small.
const forgetAfterMs = 100

/** Tells with the given domain; what it publishes through it counts. */
export type Tell = (chat: Chat) => void | Promise<void>

/**
 * What happened and is still to be told. A row is written in the transaction of what happened; after commit the writer tells it at once
 * and forgets it. What could not be told stays for the relay: the process may die at any point and nothing is left untold,
 * though something may be told twice.
 */
export class Outbox {
  readonly #db: Kysely<Tables>
  readonly #log: Log
  #told: string[] = []
  #forgetting: NodeJS.Timeout | undefined
  #isBehind = false

  constructor(db: Kysely<Tables>, log: Log) {
    this.#db = db
    this.#log = log
  }

  /** Whether Redis did not take something: then all is left to the relay, which keeps the order, until that has caught up. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  /** Writes a row in the transaction of what happened. */
  append(tx: Transaction<Tables>, announcement: Announcement): Promise<string> {
    return insertAnnouncement(tx, announcement)
  }

  /** Tells what was committed, in the order of the calls. Never rejects and need not be awaited: an acknowledgement does not wait for it. */
  async deliver(chat: Chat, id: string, tell: Tell): Promise<void> {
    if (this.#isBehind) return
    const events = chat.events.confirming()
    try {
      await tell({ ...chat, events })
    } catch (error) {
      return this.#log.warn({ err: error }, 'telling is left to the relay')
    }
    await events.confirmed().then(
      () => {
        this.#log.debug({ outboxId: id }, 'told')
        this.#forget(id)
      },
      () => this.fellBehind(),
    )
  }

  /** The relay has told what was left. */
  caughtUp(): void {
    this.#isBehind = false
  }

  /** Redis does not take what is told. */
  fellBehind(): void {
    this.#isBehind = true
  }

  /** Rows that were told: whoever takes them deletes them. */
  takeTold(): string[] {
    const told = this.#told
    this.#told = []
    return told
  }

  async close(): Promise<void> {
    clearTimeout(this.#forgetting)
    await this.#deleteTold()
  }

  #forget(id: string): void {
    this.#told.push(id)
    this.#forgetting ??= setTimeout(() => {
      this.#forgetting = undefined
      void this.#deleteTold()
    }, forgetAfterMs)
  }

  // What cannot be deleted now is told again by the relay: clients know messages by their ids.
  async #deleteTold(): Promise<void> {
    const told = this.takeTold()
    if (told.length === 0) return
    await deleteAnnouncements(this.#db, told).catch((error: unknown) => this.#log.debug({ err: error }, 'told rows stay in the outbox'))
  }
}
