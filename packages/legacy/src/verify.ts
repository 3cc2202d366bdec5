import type pg from 'pg'
import { inSnapshot, readBatches, stage } from './read-batches.js'
import type { Verdict } from './report.js'
import { compareWithTarget, whatTheOldHolds } from './verify.sql.js'

interface ComparedRow {
  id: string
  verdict: 'equal' | 'different' | 'changed' | 'in_use' | 'left_out'
  differences: string[]
}

/** Compares both databases conversation by conversation: counts and checksums of messages in their order, of receipts and of participants. */
export async function verify(old: pg.Client, target: pg.Client): Promise<Verdict> {
  const held = { messages: 0, receipts: 0 }
  await target.query('truncate held')
  await inSnapshot(old, async () => {
    for await (const rows of readBatches<{ row: string }>(old, whatTheOldHolds)) {
      const texts = rows.map(({ row }) => row)
      await stage(target, 'held', texts)
    }
  })
  await target.query('analyze held')
  const { rows: sums } = await target.query<typeof held>(
    `select coalesce(sum(messages), 0)::float8 as messages, coalesce(sum(receipts), 0)::float8 as receipts from held`,
  )
  return toVerdict({ ...held, ...sums[0] }, await compare(target))
}

async function compare(target: pg.Client): Promise<ComparedRow[]> {
  await target.query('begin transaction isolation level repeatable read read only')
  const { rows } = await target.query<ComparedRow>(compareWithTarget)
  await target.query('commit')
  return rows
}

function toVerdict(held: { messages: number; receipts: number }, rows: readonly ComparedRow[]): Verdict {
  const count = (verdict: ComparedRow['verdict']) => rows.filter((row) => row.verdict === verdict).length
  return {
    held: { conversations: rows.length, ...held },
    equal: count('equal'),
    changed: count('changed'),
    inUse: count('in_use'),
    leftOut: count('left_out'),
    different: rows.filter((row) => row.verdict === 'different').map(({ id, differences }) => ({ id, differences })),
  }
}
