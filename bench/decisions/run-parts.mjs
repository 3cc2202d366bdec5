import { rm } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { startPostgres } from '@viatra-chat/local/stores'
import { activityIndex } from './activity-index.mjs'
import { audit } from './audit.mjs'
import { cache } from './cache.mjs'
import { encryption } from './encryption.mjs'
import { openServer } from './database.mjs'
import { outbox } from './outbox.mjs'
import { partitions } from './partitions.mjs'
import { history } from './history.mjs'
import { knownSenders } from './known-senders.mjs'
import { members } from './members.mjs'
import { messageIndexes } from './message-indexes.mjs'
import { push } from './push.mjs'
import { receiptRanges } from './receipt-ranges.mjs'
import { receipts } from './receipts.mjs'
import { replica } from './replica.mjs'
import { sends } from './sends.mjs'

const parts = {
  members,
  receipts,
  receiptRanges,
  activityIndex,
  messageIndexes,
  sends,
  knownSenders,
  outbox,
  audit,
  push,
  history,
  cache,
  replica,
  encryption,
  partitions,
}

/** Runs the named parts, or all, and prints a table for each. `DATABASE_URL` names another server than the embedded one. */
export async function runParts(names) {
  const unknown = names.find((name) => !(name in parts))
  if (unknown) throw new Error(`There is no part ${unknown}: ${Object.keys(parts).join(', ')}`)
  await withServer(async (server) => {
    console.log(`${availableParallelism()} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, ${await server.describe()}`)
    for (const name of names.length > 0 ? names : Object.keys(parts)) {
      const startedAt = performance.now()
      printTable(await parts[name](server))
      console.log(`(${((performance.now() - startedAt) / 1000).toFixed(0)} s)`)
    }
  })
}

async function withServer(use) {
  if (process.env.DATABASE_URL) return use(openServer(process.env.DATABASE_URL))
  // On a disk, where /tmp may be memory; made by startPostgres for the user that PostgreSQL runs as.
  const folder = `/var/tmp/viatra-bench-${process.pid}`
  const store = await startPostgres({ dataDir: folder, durable: true, removeFolder: folder })
  try {
    await use(openServer(store.url))
  } finally {
    await store.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function printTable({ title, rows }) {
  const columns = Object.keys(rows[0] ?? {})
  console.log(`\n## ${title}\n`)
  console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|`)
  for (const row of rows) console.log(`| ${columns.map((column) => row[column]).join(' | ')} |`)
}
