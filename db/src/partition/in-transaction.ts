import type pg from 'pg'

/** What `run` does on the client happens altogether or not at all. */
export async function inTransaction<T>(client: pg.Client, run: () => Promise<T>, mode = ''): Promise<T> {
  await client.query(`begin ${mode}`)
  try {
    const result = await run()
    await client.query('commit')
    return result
  } catch (error) {
    // A connection that is lost has rolled back already.
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
