import pg from 'pg'

/** Runs something and counts the statements that this process sends to PostgreSQL meanwhile. */
export async function countQueries(run: () => Promise<unknown>): Promise<number> {
  const original = Object.getOwnPropertyDescriptor(pg.Client.prototype, 'query')
  if (!original) throw new Error('pg.Client has no query')
  const send = original.value as (...args: unknown[]) => unknown
  let count = 0
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    count++
    return send.apply(this, args)
  } as typeof pg.Client.prototype.query
  try {
    await run()
  } finally {
    Object.defineProperty(pg.Client.prototype, 'query', original)
  }
  return count
}
