import type pg from 'pg'
import { retryLocked } from '../retry-locked.js'
import { withClient } from '../with-client.js'
import { compareTables } from './compare-tables.js'
import { copyMessages } from './copy-messages.js'
import { createNextTable, dropNextTable } from './next-table.js'
import { startMirror } from './mirror.js'
import { refuseUnfit } from './refuse-unfit.js'
import { swapTables } from './swap-tables.js'
import { waitForOldSnapshots } from './wait-for-old-snapshots.js'

export const partsMax = 256

export interface PartitionOptions {
  /** The longest that a statement waits for a lock, in milliseconds; 1,500. It gives up then, lets the others pass, and tries again. */
  lockTimeoutMs?: number
  /** Messages copied at a time; 5,000. Deletions and changes of messages wait for one such batch at most, sends for none. */
  batchRows?: number
  /** Stops between two steps; what was begun is removed. */
  signal?: AbortSignal
  onProgress?: (progress: PartitionProgress) => void
}

export type PartitionProgress =
  | { kind: 'copied'; rows: number }
  | { kind: 'locked' }
  | { kind: 'waiting'; transactions: number }
  | { kind: 'comparing' }
  /** With so many parts the server may run out of room for locks (`max_locks_per_transaction`) when all connections are busy. */
  | { kind: 'few_locks'; set: number; wanted: number }

export type PartitionOutcome = { kind: 'as_it_was' } | { kind: 'partitioned'; rows: number; stoppedMs: number }

/**
 * Divides `messages` into so many tables by the hash of `conversation_id`; one part is a table without partitions. To be run as the owner of
 * the tables, while the product is used:
 *
 * 1. Beside `messages` a table of the new form is made. Triggers write to it, in the transaction of each change, what changes from then on.
 * 2. What was there before is copied in batches.
 * 3. When nobody looks at the database any more as it was before the last batch, both tables show the same to everybody: they are compared.
 * 4. Under a lock that others feel for milliseconds the new one takes the name, and the old one goes.
 *
 * Up to the fourth step `messages` is what it was; whatever fails before leaves it so.
 * @throws when the table is not what this can carry over, when another run is under way, or when the comparison fails.
 */
export async function partitionMessages(databaseUrl: string, parts: number, options: PartitionOptions = {}): Promise<PartitionOutcome> {
  if (!Number.isInteger(parts) || parts < 1 || parts > partsMax) throw new Error(`Give a number of parts from 1 to ${partsMax}.`)
  return withClient(databaseUrl, async (client) => {
    await becomeOwner(client)
    await takeTurn(client)
    await client.query(`set lock_timeout = ${options.lockTimeoutMs ?? 1500}`)
    await locking(options, () => dropNextTable(client))
    if ((await countParts(client)) === parts) return { kind: 'as_it_was' }
    await refuseUnfit(client)
    await warnOfFewLocks(client, parts, options)
    try {
      return await rebuild(client, parts, options)
    } catch (error) {
      // Not `signal`: it may be what ended the run.
      await retryLocked(() => dropNextTable(client), { attemptsMax: 10 }).catch((leftovers: unknown) => {
        throw new AggregateError([error, leftovers], `${String(error)} What was begun is still there: run the command again.`)
      })
      throw error
    }
  })
}

async function rebuild(client: pg.Client, parts: number, options: PartitionOptions): Promise<PartitionOutcome> {
  const { signal, onProgress, batchRows = 5000 } = options
  const next = await createNextTable(client, parts)
  await locking(options, () => startMirror(client, next))
  const rows = await copyMessages(client, next, {
    batchRows,
    locking: (run) => locking(options, run),
    onCopied: (copied) => {
      onProgress?.({ kind: 'copied', rows: copied })
      signal?.throwIfAborted()
    },
  })
  await locking(options, () => client.query('vacuum (analyze) messages_next'))
  await waitForOldSnapshots(client, { signal, onWaiting: (transactions) => onProgress?.({ kind: 'waiting', transactions }) })
  onProgress?.({ kind: 'comparing' })
  await compareTables(client, next)
  return { kind: 'partitioned', rows, stoppedMs: await locking(options, () => swapTables(client, next)) }
}

/** A person waits for it and may stop it, and hours of copying are not thrown away for somebody's lock: it is tried without end. */
function locking<T>({ signal, onProgress }: PartitionOptions, run: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted()
  return retryLocked(run, { attemptsMax: Infinity, signal, onLocked: () => onProgress?.({ kind: 'locked' }) })
}

/** So that the new table belongs to whom the old one belongs to, whoever runs this. */
async function becomeOwner(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    `select pg_get_userbyid(relowner) as owner from pg_class where oid = to_regclass('public.messages')`,
  )
  if (!rows[0]) throw new Error('There is no table messages: migrate the database first (`pnpm db:migrate`).')
  await client.query(`set role ${client.escapeIdentifier(rows[0].owner)}`)
}

/** Held by the session: it ends with the process, however that ends. */
async function takeTurn(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(hashtext('viatra-chat db:partition')) as taken`)
  if (!rows[0]?.taken) throw new Error('Another run of this command is under way.')
}

/** Planning a statement that cannot name its conversation locks every partition with its four indexes. */
async function warnOfFewLocks(client: pg.Client, parts: number, { onProgress }: PartitionOptions): Promise<void> {
  const { rows } = await client.query<{ set: number }>(`select current_setting('max_locks_per_transaction')::int as set`)
  const [set, wanted] = [rows[0]?.set ?? 0, parts * 5]
  if (parts > 1 && set < wanted) onProgress?.({ kind: 'few_locks', set, wanted })
}

async function countParts(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ parts: number }>(
    `select case relkind when 'p' then (select count(*) from pg_inherits where inhparent = c.oid) else 1 end::int as parts
     from pg_class c where oid = 'public.messages'::regclass`,
  )
  return rows[0]?.parts ?? 0
}
