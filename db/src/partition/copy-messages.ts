import type pg from 'pg'
import { inTransaction } from './in-transaction.js'
import { batchLock } from './mirror.js'
import type { NextTable } from './next-table.js'

export interface CopyOptions {
  batchRows: number
  /** Runs a transaction that may meet locks. */
  locking: (run: () => Promise<Copied>) => Promise<Copied>
  /** Told after each batch how many rows were looked at so far; may throw, to end it. */
  onCopied: (rows: number) => void
}

export interface Copied {
  rows: number
  last?: { conversation_id: string; seq: string }
}

/**
 * Copies what is not mirrored yet, in the order of the key, each batch in a transaction of its own. What comes behind the place where it is
 * was stored after the mirror began. Gives how many rows it looked at.
 */
export async function copyMessages(client: pg.Client, next: NextTable, { batchRows, locking, onCopied }: CopyOptions): Promise<number> {
  let rows = 0
  let after: Copied['last'] = { conversation_id: '00000000-0000-0000-0000-000000000000', seq: '-1' }
  while (after) {
    const from: NonNullable<Copied['last']> = after
    const copied = await locking(() => inTransaction(client, () => copyBatch(client, next, from, batchRows)))
    rows += copied.rows
    after = copied.last
    onCopied(rows)
  }
  return rows
}

async function copyBatch(client: pg.Client, { columns }: NextTable, after: NonNullable<Copied['last']>, limit: number): Promise<Copied> {
  // In a statement before, so that the snapshot of the batch is younger than the lock; and by the key, whatever the statistics say.
  await client.query(`set local enable_seqscan = off; set local enable_bitmapscan = off; select pg_advisory_xact_lock(${batchLock})`)
  const { rows } = await client.query<{ conversation_id: string; seq: string; rows: number }>(
    `with batch as materialized (
      select ${columns} from messages where (conversation_id, seq) > ($1::uuid, $2::bigint) order by conversation_id, seq limit $3
    ), copied as (
      insert into messages_next (${columns}) select ${columns} from batch on conflict (conversation_id, seq) do nothing
    )
    select conversation_id, seq, (count(*) over ())::int as rows from batch order by conversation_id desc, seq desc limit 1`,
    [after.conversation_id, after.seq, limit],
  )
  const [last] = rows
  return last ? { rows: last.rows, last } : { rows: 0 }
}
