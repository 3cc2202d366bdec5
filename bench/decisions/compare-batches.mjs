import { storeBatchText } from '../../packages/chat/dist/messages/send-statement.js'
import { createConversations } from './sends.mjs'
import { median, ratio } from './measure.mjs'
import { measure } from './outbox.mjs'

const rounds = 5

/** Rows of a table: what one option of the statement that stores messages costs each message, by the size of the batch it goes with. */
export async function compareBatches(database, option) {
  const places = await createConversations(database, 1000)
  const rows = []
  for (const size of [1, 16, 64]) {
    const { off, on } = await inTurns((isOn) => measure(database, storeBatchText, places, size, { [option]: isOn }))
    rows.push(row(size, option, 'off', off, off), row(size, option, 'on', on, off))
  }
  return rows
}

/** In turns, so that what else the machine does meets both; the median of each. */
async function inTurns(run) {
  const results = { off: [], on: [] }
  for (let i = 0; i < rounds; i++) for (const name of ['off', 'on']) results[name].push(await run(name === 'on'))
  const middle = (name, key) => median(results[name].map((result) => result[key]))
  const medians = (name) => ({ us: middle(name, 'us'), wal: middle(name, 'wal') })
  return { off: medians('off'), on: medians('on') }
}

function row(size, option, variant, { us, wal }, base) {
  return {
    'messages in a batch': size,
    [option]: variant,
    'time per message': `${us.toFixed(0)} µs`,
    'to off': ratio(us, base.us),
    'WAL per message': `${wal.toFixed(0)} B`,
  }
}
