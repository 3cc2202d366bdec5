import { compareBatches } from './compare-batches.mjs'

/** What a send's row in the audit log costs each message that is stored, by the size of the batch it goes with; and what sealing costs. */
export function audit(server) {
  return server.withDatabase({ migrated: true, connections: 2 }, async (database) => {
    const rows = await compareBatches(database, 'audited')
    rows.push(await sealing(database))
    return { title: 'The audit log: one connection, batch after batch, with and without a row for each batch', rows }
  })
}

async function sealing({ query }) {
  const startedAt = performance.now()
  let sealed = 0
  for (;;) {
    const [seal] = await query('select sealed from chat_seal_audit(500)')
    sealed += seal.sealed
    if (seal.sealed < 500) break
  }
  const us = ((performance.now() - startedAt) * 1000) / sealed
  return {
    'messages in a batch': '–',
    AUDIT_SENDS: `sealing ${sealed} rows`,
    'time per message': `${us.toFixed(0)} µs a row`,
    'to off': '–',
    'WAL per message': '–',
  }
}
