import type pg from 'pg'
import { inTransaction } from './in-transaction.js'
import type { NextTable } from './next-table.js'

/**
 * Compares every row of both tables, as they are at one moment, while they go on changing.
 * @throws when they are not the same.
 */
export async function compareTables(client: pg.Client, { columns }: NextTable): Promise<void> {
  const sumOf = (table: string) =>
    `(select row(count(*), sum(hashtextextended(m::text, 0)::numeric))::text from (select ${columns} from ${table}) m)`
  const { rows } = await inTransaction(
    client,
    () => client.query<{ now: string; next: string }>(`select ${sumOf('messages')} as now, ${sumOf('messages_next')} as next`),
    'isolation level repeatable read read only',
  )
  const [sums] = rows
  if (!sums || sums.now !== sums.next)
    throw new Error(`The copy is not what messages are (rows and sum ${sums?.now}, copied ${sums?.next}): nothing was changed.`)
}
