import { parseArgs } from 'node:util'
import { partitionMessages, type PartitionProgress } from './partition/partition-messages.js'

const usage = 'Usage: pnpm db:partition --parts N'
const saidEveryMs = 5000

const url = process.env.DATABASE_URL
if (!url) end('DATABASE_URL is not set: give the URL of the database, as the owner of its tables.')
const parts = readParts()
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.error('Stopping: what was begun is removed.')
    stopping.abort(new Error('it was stopped. The table is as it was.'))
  })
try {
  const outcome = await partitionMessages(url, parts, { signal: stopping.signal, onProgress: say() })
  if (outcome.kind === 'as_it_was')
    console.log(`Nothing to do: messages ${parts === 1 ? 'is one table' : `has ${parts} partitions`} already.`)
  else
    console.log(
      `messages ${parts === 1 ? 'is one table' : `has ${parts} partitions`} now: ${outcome.rows.toLocaleString('en')} rows were copied and compared; nobody could use it for ${outcome.stoppedMs.toFixed(0)} ms.`,
    )
} catch (error) {
  end(`Partitioning failed: ${error instanceof Error ? error.message : String(error)}`)
}

function readParts(): number {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter((argument) => argument !== '--'),
      options: { parts: { type: 'string' } },
    })
    if (values.parts !== undefined && /^\d{1,6}$/.test(values.parts)) return Number(values.parts)
  } catch (error) {
    end(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
  return end(usage)
}

/** A line every five seconds at most, and whenever it is about something else. */
function say(): (progress: PartitionProgress) => void {
  let last = { kind: '', at: -Infinity }
  return (progress) => {
    if (progress.kind === last.kind && performance.now() - last.at < saidEveryMs) return
    last = { kind: progress.kind, at: performance.now() }
    console.error(textOf(progress))
  }
}

function textOf(progress: PartitionProgress): string {
  switch (progress.kind) {
    case 'copied':
      return `${progress.rows.toLocaleString('en')} messages are copied.`
    case 'locked':
      return 'Others hold locks on messages: it lets them pass and tries again.'
    case 'waiting':
      return `It waits for ${progress.transactions} transaction(s) that began before the copy was whole.`
    case 'comparing':
      return 'It compares the copy with the original.'
    case 'few_locks':
      return `max_locks_per_transaction is ${progress.set}: let PostgreSQL have ${progress.wanted} for so many parts, or it may run out when all connections are busy.`
    default:
      return progress satisfies never
  }
}

function end(message: string): never {
  console.error(message)
  process.exit(1)
}
