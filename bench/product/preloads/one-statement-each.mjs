// Runs the batch statement of sends once for each message, on a pool: what a service without coalescing does.
import pg from 'pg'
import { writerSettings } from '../../../packages/chat/dist/messages/send-statement.js'

const connectionsMax = 16
// Of a draft, after its number. Ids and words are one text, `{a,b}`.
const columns = 8
const itemsOf = (column) =>
  typeof column === 'string'
    ? column
        .slice(1, -1)
        .split(',')
        .map((word) => (word === 'NULL' ? null : word))
    : column
const original = pg.Client.prototype.query
let pool
// A statement of one row writes an outbox row of its own; the queue knows of one for each flush, so the others are given up here.
let untold = []

pg.Client.prototype.query = function (config, ...rest) {
  if (config?.name !== 'store-batch') return original.call(this, config, ...rest)
  pool ??= openPool(this.connectionParameters)
  return storeOneByOne(config)
}

function openPool({ host, port, user, password, database }) {
  const opened = new pg.Pool({ host, port, user, password, database, max: connectionsMax, allowExitOnIdle: true })
  opened.on('connect', (client) => void original.call(client, writerSettings))
  return opened
}

async function storeOneByOne({ text, values: lists }) {
  const values = lists.map((list, n) => (n <= columns ? itemsOf(list) : list))
  // After the columns: rows of the outbox that may go, and what holds for the whole batch.
  const told = values[columns + 1].concat(untold)
  untold = []
  const results = await Promise.all(values[0].map((_, n) => pool.query({ ...statementOf(text, values, n, n === 0 ? told : []) })))
  const rows = results.flatMap(({ rows: [row] }, n) => ({ ...row, n }))
  untold = rows.slice(1).flatMap(({ outbox_id: id }) => id ?? [])
  return { rows }
}

const statementOf = (text, values, n, told) => ({
  name: 'store-one',
  text,
  values: [[0], ...values.slice(1, columns + 1).map((column) => [column[n]]), told, ...values.slice(columns + 2)],
})
