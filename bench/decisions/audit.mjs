import { storeBatchText } from '../../packages/chat/dist/messages/send-statement.js'
import { createConversations } from './sends.mjs'
import { ratio } from './measure.mjs'
import { measure } from './outbox.mjs'

const rounds = 5

/** What a send's row in the audit log costs each message that is stored, by the size of the batch it goes with; and what sealing costs. */
export function audit(server) {
  return server.withDatabase({ migrated: true, connections: 2 }, async (database) => {
    const places = await createConversations(database, 1000)
    const rows = []
    for (const size of [1, 16, 64]) {
      const { off, on } = await inTurns((audited) => measure(database, storeBatchText, places, size, { audited }))
      rows.push(row(size, 'off', off, off), row(size, 'on', on, off))
    }
    rows.push(await sealing(database))
    return { title: 'The audit log: one connection, batch after batch, with and without a row for each batch', rows }
  })
}

/** In turns, so that what else the machine does meets both; the median of each. */
async function inTurns(run) {
  const results = { off: [], on: [] }
  for (let i = 0; i < rounds; i++) for (const name of ['off', 'on']) results[name].push(await run(name === 'on'))
  const middle = (name, key) => results[name].map((result) => result[key]).toSorted((a, b) => a - b)[Math.floor(rounds / 2)]
  const medians = (name) => ({ us: middle(name, 'us'), wal: middle(name, 'wal') })
  return { off: medians('off'), on: medians('on') }
}

function row(size, variant, { us, wal }, base) {
  return {
    'messages in a batch': size,
    AUDIT_SENDS: variant,
    'time per message': `${us.toFixed(0)} µs`,
    'to off': ratio(us, base.us),
    'WAL per message': `${wal.toFixed(0)} B`,
  }
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
