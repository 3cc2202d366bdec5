import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'

const pollMs = 50

export interface WaitOptions {
  signal?: AbortSignal | undefined
  /** Told how many transactions are still waited for. */
  onWaiting: (transactions: number) => void
}

/**
 * Waits until all transactions of this database have ended that run now. They may look at the database as it was before the last batch was
 * copied (`repeatable read`: a round of sync, a backup), and would miss in the new table what they saw in the old one; as `create index
 * concurrently` waits. Rows that were mirrored carry the transaction of the change itself, so everybody else sees the same in both.
 */
export async function waitForOldSnapshots(client: pg.Client, { signal, onWaiting }: WaitOptions): Promise<void> {
  let waitedFor = await listTransactions(client, null)
  while (waitedFor.length > 0) {
    onWaiting(waitedFor.length)
    await delay(pollMs, undefined, { signal })
    waitedFor = await listTransactions(client, waitedFor)
  }
}

/** Every transaction holds a lock on itself, which everybody may see. */
async function listTransactions(client: pg.Client, among: readonly string[] | null): Promise<string[]> {
  const { rows } = await client.query<{ transaction: string }>(
    `select l.virtualxid as transaction from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'virtualxid' and l.virtualxid = l.virtualtransaction and l.pid <> pg_backend_pid()
       and a.datid = (select oid from pg_database where datname = current_database()) and a.backend_type is distinct from 'autovacuum worker'
       and ($1::text[] is null or l.virtualxid = any($1))`,
    [among],
  )
  return rows.map(({ transaction }) => transaction)
}
