// Runs the batch statements of sends once for each message, on a pool: what a service without coalescing does.
import pg from 'pg'
import { writerSettings } from '../../../packages/chat/dist/messages/send-statement.js'

const connectionsMax = 16
const original = pg.Client.prototype.query
let pool
// A statement of one row writes an outbox row of its own; the queue knows of one for each flush, so the others are given up here.
let untold = []

/** How each statement comes to be one of a single message: `columns` are what is given of each, what follows holds for the batch. */
const statements = {
  'store-batch': { columns: 9, first: 0, one: (columns, n) => columns.map((column, i) => (i === 0 ? [0] : column[n])) },
  'store-known-batch': {
    columns: 11,
    first: 3,
    one: ([ids, versions, , ...columns], n) => {
      const [, conversations] = columns
      const at = ids.findIndex((id) => id.equals(conversations[n]))
      const rank = 3
      return [ids[at], versions[at], [1], ...columns.map((column, i) => (i === rank ? [1] : column[n]))]
    },
  },
}

pg.Client.prototype.query = function (config, ...rest) {
  const statement = statements[config?.name]
  if (!statement) return original.call(this, config, ...rest)
  pool ??= openPool(this.connectionParameters)
  return storeOneByOne(config, statement)
}

function openPool({ host, port, user, password, database }) {
  const opened = new pg.Pool({ host, port, user, password, database, max: connectionsMax, allowExitOnIdle: true })
  opened.on('connect', (client) => void original.call(client, writerSettings))
  return opened
}

async function storeOneByOne({ name, text, values }, { columns, first, one }) {
  const lists = values.slice(0, columns).map(itemsOf)
  const [told, ...options] = values.slice(columns)
  const allTold = told.concat(untold)
  untold = []
  const results = await Promise.all(
    lists[first].map((_, n) => pool.query({ name: `${name}-one`, text, values: [...one(lists, n), n === 0 ? allTold : [], ...options] })),
  )
  const rows = results.flatMap(({ rows: [row] }, n) => ({ ...row, n }))
  untold = rows.slice(1).flatMap(({ outbox_id: id }) => id ?? [])
  return { rows }
}

/** Each item of a column as a column of one. Words and numbers are one text, `{a,b}`; ids are as PostgreSQL receives arrays. */
function itemsOf(column) {
  if (Buffer.isBuffer(column)) return itemsOfBinary(column)
  const items = typeof column === 'string' ? column.slice(1, -1).split(',') : column
  return items.map((item) => [item === 'NULL' && typeof column === 'string' ? null : item])
}

function itemsOfBinary(array) {
  const [count, begin] = [array.readInt32BE(12), 20]
  const size = (array.length - begin) / count
  return Array.from({ length: count }, (_, n) => {
    const header = Buffer.from(array.subarray(0, begin))
    header.writeInt32BE(1, 12)
    return Buffer.concat([header, array.subarray(begin + n * size, begin + (n + 1) * size)])
  })
}
