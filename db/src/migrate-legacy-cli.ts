import { parseArgs } from 'node:util'
import { migrateLegacy } from './legacy/migrate-legacy.js'

const { values } = parseArgs({ options: { from: { type: 'string' }, 'batch-size': { type: 'string', default: '1000' } } })
const to = process.env.DATABASE_URL
const batchSize = Number(values['batch-size'])
if (!values.from || !to || !Number.isInteger(batchSize) || batchSize < 1) {
  console.error('Usage: DATABASE_URL=<the migrated database to fill> pnpm migrate:legacy --from <URL of the old one> [--batch-size 1000]')
  process.exit(1)
}
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error('stopped; run it again to go on')))
try {
  const { people, conversations, messages, changed, remarks } = await migrateLegacy({
    from: values.from,
    to,
    batchSize,
    say: console.log,
    signal: stop.signal,
  })
  console.log(`Moved ${people} people, ${conversations} conversations, ${messages} messages; ${changed} changed since an earlier run.`)
  if (remarks.length > 0) console.log(`${remarks.length} remarks above tell what could not stay as it was.`)
} catch (error) {
  console.error(`The move ended: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
