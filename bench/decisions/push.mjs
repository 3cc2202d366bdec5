import { compareBatches } from './compare-batches.mjs'

/** What it costs each message that is stored that it is noted for those who decide on pushes. */
export function push(server) {
  return server.withDatabase({ migrated: true, connections: 2 }, async (database) => ({
    title: 'Pushes: one connection, batch after batch, with and without a row for those who decide',
    rows: await compareBatches(database, 'pushes'),
  }))
}
