import { execute, openChat } from '@viatra-chat/chat'
import { startReplicatedPostgres } from '@viatra-chat/local/stores'
import { Redis } from 'ioredis'
import pg from 'pg'
import { cpuSeconds, parentOf } from '../product/cpu.mjs'
import { createPlaces } from './cache.mjs'
import { chatSettings, jwt, withRedis } from './chat-parts.mjs'
import { openServer } from './database.mjs'
import { medianOf } from './measure.mjs'

const calls = 1500
const callers = 8
const log = { debug() {}, info() {}, warn() {}, error() {} }
const reads = {
  'history, 50 messages': ['list_messages', ({ conversation_id }) => ({ conversation_id })],
  'list, 20 conversations': ['list_conversations', () => ({})],
}

/** What history and lists cost the primary with a replica and without, nothing being written and nothing cached. A server of its own, as it needs two. */
export async function replica() {
  const postgres = await startReplicatedPostgres({ durable: true })
  const server = openServer(postgres.primary.url)
  try {
    return await withRedis((redisUrl) => server.withDatabase({ migrated: true }, (database) => compare(postgres, database, redisUrl)))
  } finally {
    await postgres.close()
  }
}

async function compare(postgres, database, redisUrl) {
  const places = await createPlaces(database)
  const replicaUrl = postgres.replicaUrl(database.url)
  await caughtUp(database, replicaUrl)
  const pids = { primary: await serverPid(database.url), replica: await serverPid(replicaUrl) }
  const rows = []
  for (const [read, [operation, inputOf]] of Object.entries(reads))
    for (const databaseReplicaUrl of [undefined, replicaUrl]) {
      const options = { databaseUrl: database.url, ...(databaseReplicaUrl && { databaseReplicaUrl }) }
      const cost = await medianOf(() => measure(options, redisUrl, places, pids, operation, inputOf))
      rows.push({
        read,
        from: databaseReplicaUrl ? 'replica' : 'primary',
        'µs of the primary': cost.primary.toFixed(0),
        'of the replica': cost.replica.toFixed(0),
      })
    }
  return { title: `Replica: ${calls} reads, ${callers} callers`, rows }
}

async function measure(options, redisUrl, places, pids, operation, inputOf) {
  const redis = new Redis(redisUrl)
  const chat = openChat({
    ...options,
    databasePoolMax: callers,
    redis,
    publisher: redis,
    eventForm: 'batched',
    jwt,
    settings: chatSettings,
    log,
  })
  const call = (n) => {
    const place = places[(n * 7919) % places.length]
    return execute(chat, { operation, actor: { userId: place.user_id, isAdmin: false }, input: inputOf(place), requestId: 'bench' })
  }
  const run = async (count) => {
    let n = 0
    const caller = async () => {
      while (n < count) await call(n++)
    }
    await Promise.all(Array.from({ length: callers }, caller))
  }
  // Connections are made, plans and catalogues are warm.
  await run(300)
  const before = readCpu(pids)
  await run(calls)
  const after = readCpu(pids)
  await chat.close()
  await redis.quit()
  const each = (name) => ((after[name] - before[name]) / calls) * 1e6
  return { primary: each('primary'), replica: each('replica') }
}

const readCpu = ({ primary, replica: standby }) =>
  cpuSeconds({ primary: { pids: [primary], tree: true }, replica: { pids: [standby], tree: true } })

const serverPid = (url) => withClient(url, async (client) => parentOf((await client.query('select pg_backend_pid() as pid')).rows[0].pid))

async function caughtUp(database, replicaUrl) {
  const [{ lsn }] = await database.query('select pg_current_wal_flush_lsn()::text as lsn')
  const isThere = async (client) => (await client.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as it', [lsn])).rows[0].it
  // The database itself may not be there yet.
  while (!(await withClient(replicaUrl, isThere).catch(() => false)));
}

async function withClient(url, use) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return use(client).finally(() => client.end())
}
