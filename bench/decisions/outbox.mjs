import { storeBatchText, writerSettings } from '../../packages/chat/dist/messages/send-statement.js'
import { createConversations, draftFor } from './sends.mjs'
import { medianOf, ratio } from './measure.mjs'

const measuredMs = 1500

// The statement as it would be without an outbox: neither the row that is written nor the rows that are deleted.
const withoutOutbox = [
  [/,\s+told as \([\s\S]*?\n\), audited/, ', audited'],
  [/, untold as \([\s\S]*?\n\), intended/, ', intended'],
  ['(select id from untold) as outbox_id,', 'null::bigint as outbox_id, $10::bigint[] as told,'],
].reduce(replaceIn, storeBatchText)

function replaceIn(text, [part, other]) {
  const changed = text.replace(part, other)
  if (changed === text) throw new Error(`The statement has no ${part} any more`)
  return changed
}

/** What the outbox costs each message that is stored, by the size of the batch it goes with. */
export function outbox(server) {
  return server.withDatabase({ migrated: true, connections: 2 }, async (database) => {
    const places = await createConversations(database, 1000)
    const rows = []
    for (const size of [1, 16, 64]) {
      const without = await medianOf(() => measure(database, withoutOutbox, places, size))
      const withIt = await medianOf(() => measure(database, storeBatchText, places, size))
      rows.push(row(size, 'without', without, without), row(size, 'with', withIt, without))
    }
    return { title: 'The outbox: one connection, batch after batch', rows }
  })
}

function row(size, variant, { us, wal }, base) {
  return {
    'messages in a batch': size,
    outbox: variant,
    'time per message': `${us.toFixed(0)} µs`,
    'to without': ratio(us, base.us),
    'WAL per message': `${wal.toFixed(0)} B`,
  }
}

/** Time and WAL for each message of batches of this size, one after the other, with this text of the statement. */
export async function measure({ pool, query }, text, places, size, { audited = false, pushes = false } = {}) {
  const client = await pool.connect()
  await client.query(writerSettings)
  await query('checkpoint')
  const [{ lsn }] = await query('select pg_current_wal_insert_lsn() as lsn')
  const name = `store-${text.length}-${size}-${audited}-${pushes}`
  let told = []
  let stored = 0
  const startedAt = performance.now()
  while (performance.now() - startedAt < measuredMs) {
    const drafts = Array.from({ length: size }, (_, i) => draftFor(places[((stored + i) * 7919) % places.length]))
    const { rows } = await client.query({ name, text, values: [...valuesOf(drafts, told), audited, pushes] })
    told = rows[0]?.outbox_id ? [rows[0].outbox_id] : []
    stored += size
  }
  const us = ((performance.now() - startedAt) * 1000) / stored
  const [{ wal }] = await query('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as wal', [lsn])
  // With the settings of the writer on it.
  client.release(true)
  return { us, wal: wal / stored }
}

function valuesOf(drafts, told) {
  const column = (key) => drafts.map((draft) => draft[key])
  const columns = ['id', 'conversationId', 'senderId', 'messageType', 'content', 'metadata', 'clientMessageId', 'parentMessageId'].map(
    column,
  )
  return [drafts.map((_, n) => n), ...columns, told]
}
