import { randomUUID } from 'node:crypto'
import { KnownSenders } from '../../packages/chat/dist/messages/known-senders.js'
import { storeBatch, writerSettings } from '../../packages/chat/dist/messages/send-statement.js'
import { storeKnownBatch } from '../../packages/chat/dist/messages/send-statement-known.js'
import { median, ratio } from './measure.mjs'
import { createConversations, draftFor } from './sends.mjs'

const rounds = 7
const measuredMs = 800
const options = { pushes: true, audited: true }

/** What a message costs whose sender is judged, and one whose sender was let send before: one connection, batch after batch. */
export function knownSenders(server) {
  return server.withDatabase({ migrated: true, connections: 2 }, async (database) => {
    const places = await createConversations(database, 1000)
    const rows = []
    for (const [size, clientIds] of [
      [4, false],
      [50, false],
      [50, true],
    ]) {
      const { judged, known } = await inTurns(database, { places, size, clientIds })
      rows.push(row(size, clientIds, 'judged', judged, judged), row(size, clientIds, 'known', known, judged))
    }
    return { title: 'Senders that are judged, and known ones', rows }
  })
}

/** In turns, so that what else the machine does meets both; the median of each. */
async function inTurns({ pool, query }, load) {
  const results = { judged: [], known: [] }
  const client = await pool.connect()
  await client.query(writerSettings)
  const senders = new KnownSenders()
  await measure(client, load, senders)
  for (let round = 0; round < rounds; round++) {
    await query('checkpoint')
    results.judged.push(await measure(client, load, undefined))
    await query('checkpoint')
    results.known.push(await measure(client, load, senders))
  }
  // With the settings of the writer on it.
  client.release(true)
  return { judged: median(results.judged), known: median(results.known) }
}

/** µs for each message. Without `senders` all are judged. */
async function measure(client, { places, size, clientIds }, senders) {
  let told = []
  let stored = 0
  const startedAt = performance.now()
  while (performance.now() - startedAt < measuredMs) {
    const drafts = Array.from({ length: size }, (_, i) => draft(places[((stored + i) * 7919) % places.length], clientIds))
    const conversations = senders ? drafts.map((each) => senders.conversationOf(each)) : [undefined]
    const rows = conversations.includes(undefined)
      ? await storeBatch(client, drafts, { ...options, told })
      : await storeKnownBatch(client, drafts, conversations, { ...options, told })
    for (const sent of rows) senders?.learn(drafts[sent.n], sent)
    told = [rows[0].outbox_id]
    stored += size
  }
  return ((performance.now() - startedAt) * 1000) / stored
}

const draft = (place, hasClientId) => ({ ...draftFor(place), clientMessageId: hasClientId ? randomUUID() : null })

function row(size, clientIds, senders, us, base) {
  return {
    'messages in a batch': size,
    'client ids': clientIds ? 'yes' : 'no',
    senders,
    'time per message': `${us.toFixed(0)} µs`,
    'to judged': ratio(us, base),
  }
}
