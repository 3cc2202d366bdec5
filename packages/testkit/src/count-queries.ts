import pg from 'pg'

export interface CountOptions {
  /** Statements that fit are not counted. */
  except?: RegExp
}

/** Runs something and counts the statements that this process sends to PostgreSQL meanwhile. */
export async function countQueries(run: () => Promise<unknown>, { except }: CountOptions = {}): Promise<number> {
  const original = Object.getOwnPropertyDescriptor(pg.Client.prototype, 'query')
  if (!original) throw new Error('pg.Client has no query')
  const send = original.value as (...args: unknown[]) => unknown
  let count = 0
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    if (!except?.test(textOf(args[0]))) count++
    return send.apply(this, args)
  } as typeof pg.Client.prototype.query
  try {
    await run()
  } finally {
    Object.defineProperty(pg.Client.prototype, 'query', original)
  }
  return count
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query
  return typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : ''
}
