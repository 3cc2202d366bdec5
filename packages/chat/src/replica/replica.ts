import type { ConversationId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
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

const probeMs = 1000

/** What a standby needs of its process. */
export interface ReplicaOptions {
  /** Gives connections to the standby that nobody has used before. */
  open(): Kysely<Tables>
  log: Log
  measures: Measures
}

/**
 * A standby that may answer reads of conversations whose state the primary has told in the same call.
 * States: served from → left, when it fails → served from, when it answers a probe. Only probes wait for one that was left.
 */
export class Replica {
  readonly #options: ReplicaOptions
  #db: Kysely<Tables>
  #probe: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#db = options.open()
  }

  /** What `load` gives on the standby; undefined where that does not show everything known yet, or fails. Refusals are thrown. */
  async read<T>(known: readonly KnownState[], load: (db: Kysely<Tables>) => Promise<T>): Promise<{ value: T } | undefined> {
    if (this.#probe) return undefined
    const { measures, log } = this.#options
    const db = this.#db
    try {
      // One connection: a standby never goes back, but behind one address there may be several.
      const read = await db.connection().execute(async (own) => ((await hasReached(own, known)) ? { value: await load(own) } : undefined))
      measures.replicaReads(1, { result: read ? 'served' : 'behind' })
      return read
    } catch (error) {
      if (error instanceof Refusal) throw error
      measures.replicaReads(1, { result: 'failed' })
      log.warn({ err: error }, 'the replica failed: the primary is read')
      if (!isCancelled(error)) this.#leave(db)
      return undefined
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#probe)
    await this.#db.destroy()
  }

  /** Its connections may never answer again: it is met on new ones. */
  #leave(used: Kysely<Tables>): void {
    // Whoever failed on these connections as well was slower, or it is the end.
    if (used !== this.#db || this.#isClosed) return
    this.#db = this.#options.open()
    used.destroy().catch(() => undefined)
    this.#probe = setTimeout(() => void this.#ask(this.#db), probeMs)
  }

  async #ask(db: Kysely<Tables>): Promise<void> {
    try {
      await sql`select 1`.execute(db)
      this.#probe = undefined
      this.#options.log.info({}, 'the replica answers again')
    } catch {
      this.#leave(db)
    }
  }
}

// By the replay that it held up, or because it took too long: the server lives.
const isCancelled = (error: unknown) => error instanceof Error && 'code' in error && (error.code === '40001' || error.code === '57014')

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
