import pg from 'pg'

/** Gives what `use` gives on a connection of its own, which is closed afterwards. Rejects when the server cannot be reached, or leaves meanwhile. */
export async function withClient<T>(databaseUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl })
  // A connection that breaks fails the query that is under way; without a listener it would end the process as well.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
