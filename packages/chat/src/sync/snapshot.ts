import { sql, type RawBuilder } from 'kysely'

// A token of 500 characters holds two of them and the rest.
const packedMax = 100

/**
 * A snapshot as PostgreSQL writes it (`xmin:xmax:xip,…`), short enough for a token. With very many transactions open, or where it is to be
 * `plain`, only the oldest one is kept: what finished above it comes twice then, and nothing is missed.
 */
export function packSnapshot(snapshot: string, isPlain: boolean): string {
  const { xmin, xmax, open } = split(snapshot)
  if (isPlain) return String(xmin)
  const packed = [xmin, ...[xmax, ...open].map((xid) => (xid - xmin).toString(36))].join('.')
  return packed.length > packedMax ? String(xmin) : packed
}

/** @returns undefined for what no snapshot was packed into. */
export function unpackSnapshot(packed: string): string | undefined {
  if (!/^\d{1,20}(\.[0-9a-z]{1,13})*$/.test(packed)) return undefined
  const [first = '', ...offsets] = packed.split('.')
  const xmin = BigInt(first)
  const [xmax = xmin, ...open] = offsets.map((offset) => xmin + fromBase36(offset))
  const isAscending = open.every((xid, i) => xid < xmax && (i === 0 || xid > (open[i - 1] ?? xid)))
  return isAscending && xmin > 0n ? `${xmin}:${xmax}:${open.join(',')}` : undefined
}

/** Whether one was taken in a state of the database that the other one does not know yet: it was set back since. */
export const isAheadOf = (snapshot: string, other: string): boolean => split(snapshot).xmax > split(other).xmax

/** A condition: the transaction in this column was not visible in the snapshot. The first half is what an index can answer. */
export function changedSince(column: string, snapshot: string): RawBuilder<boolean> {
  const xid = sql.ref(column)
  return sql`(${xid} >= pg_snapshot_xmin(${snapshot}::pg_snapshot) and not pg_visible_in_snapshot(${xid}, ${snapshot}::pg_snapshot))`
}

function split(snapshot: string): { xmin: bigint; xmax: bigint; open: bigint[] } {
  const [xmin = '', xmax = '', open = ''] = snapshot.split(':')
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), open: open === '' ? [] : open.split(',').map(BigInt) }
}

const fromBase36 = (digits: string): bigint => [...digits].reduce((sum, digit) => sum * 36n + BigInt(parseInt(digit, 36)), 0n)
