import type { ConversationId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Chat, Log } from '../chat.js'
import type { Measures } from '../measures/metrics.js'
import { Refusal } from '../refusal.js'
import { hasReached } from './replica.sql.js'

/** A conversation as the primary showed it. */
export interface KnownState {
  id: ConversationId
  version: number
  /** JSON: the version of each member's receipts, by their id. */
  receiptsVersions: string
}

// Whoever comes meanwhile does not wait for a server that just failed.
const pauseMs = 1000

/** A standby that may answer reads of conversations whose state the primary has told in the same call. */
export class Replica {
  readonly #db: Kysely<Tables>
  readonly #log: Log
  readonly #measures: Measures
  #pausedUntil = 0

  constructor(db: Kysely<Tables>, { log, measures }: { log: Log; measures: Measures }) {
    this.#db = db
    this.#log = log
    this.#measures = measures
  }

  /** What `load` gives on the standby; undefined where that does not show everything known yet, or fails. Refusals are thrown. */
  async read<T>(known: readonly KnownState[], load: (db: Kysely<Tables>) => Promise<T>): Promise<{ value: T } | undefined> {
    if (performance.now() < this.#pausedUntil) return undefined
    try {
      // One connection: a standby never goes back, but behind one address there may be several.
      const read = await this.#db
        .connection()
        .execute(async (db) => ((await hasReached(db, known)) ? { value: await load(db) } : undefined))
      this.#measures.replicaReads(1, { result: read ? 'served' : 'behind' })
      return read
    } catch (error) {
      if (error instanceof Refusal) throw error
      this.#pausedUntil = performance.now() + pauseMs
      this.#measures.replicaReads(1, { result: 'failed' })
      this.#log.warn({ err: error }, 'the replica failed: the primary is read')
      return undefined
    }
  }

  close(): Promise<void> {
    return this.#db.destroy()
  }
}

/**
 * Reads from the replica, if there is one and it shows what the primary has told of these conversations, else from the primary. Who may read was
 * decided on the primary, in the same query that told the states; one that was not told is read from the primary.
 */
export async function readFromReplica<T>(
  { db, replica }: Pick<Chat, 'db' | 'replica'>,
  states: readonly (KnownState | undefined)[],
  load: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  const known = states.filter((state) => state !== undefined)
  const read = known.length > 0 && known.length === states.length ? await replica?.read(known, load) : undefined
  return read ? read.value : load(db)
}
