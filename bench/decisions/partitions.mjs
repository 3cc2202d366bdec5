import { execute, openChat } from '@viatra-chat/chat'
import { partitionMessages } from '@viatra-chat/db'
import { Redis } from 'ioredis'
import pg from 'pg'
import { storeBatchText, writerSettings } from '../../packages/chat/dist/messages/send-statement.js'
import { cpuSeconds, parentOf } from '../product/cpu.mjs'
import { chatSettings, jwt, withRedis } from './chat-parts.mjs'
import { median, ratio } from './measure.mjs'
import { draftFor } from './sends.mjs'

const messages = Number(process.env.PARTITIONS_MESSAGES ?? 1_000_000)
const conversations = 5000
const partsOf = [1, 16, 64]
const rounds = 3
const callsOfEach = 240
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** What sends, reads and receipts cost PostgreSQL with messages in one table and in partitions; and what dividing them takes, while messages are sent. */
export function partitions(server) {
  return withRedis((redisUrl) =>
    inDatabases(server, partsOf, async (databases) => {
      for (const database of databases) await fill(database)
      const divided = []
      for (const [i, database] of databases.entries()) divided.push(await divide(database, partsOf[i]))
      const seen = databases.map(() => ({}))
      // In turns, so that what else the machine does meets all of them.
      for (let round = 0; round < rounds; round++)
        for (const [i, database] of databases.entries())
          for (const [what, cost] of await measureAll(database, redisUrl)) (seen[i][what] ??= []).push(cost)
      const results = partsOf.map((parts, i) => ({ parts, ...divided[i], ...mediansOf(seen[i]) }))
      const size = `${messages.toLocaleString('en')} messages in ${conversations.toLocaleString('en')} conversations`
      return { title: `Partitions: ${size}; µs of PostgreSQL's CPU for each`, rows: rowsOf(results) }
    }),
  )
}

/** `use(databases)` with one for each, migrated. */
async function inDatabases(server, names, use, opened = []) {
  if (opened.length === names.length) return use(opened)
  return server.withDatabase({ migrated: true }, (database) => inDatabases(server, names, use, [...opened, database]))
}

const mediansOf = (seen) => Object.fromEntries(Object.entries(seen).map(([what, costs]) => [what, median(costs)]))

function rowsOf(results) {
  const names = [...new Set(results.flatMap((result) => Object.keys(result)))].filter((name) => name !== 'parts')
  const [base] = results
  return names.map((what) => ({ what, ...Object.fromEntries(results.map((result) => [nameOf(result), cell(result[what], base[what])])) }))
}

const cell = (value, base) =>
  value === undefined
    ? '–'
    : `${value.toFixed(value < 10 ? 1 : 0)}${value === base || base === undefined ? '' : ` (${ratio(value, base)})`}`

const nameOf = ({ parts }) => (parts === 1 ? 'one table' : `${parts} partitions`)

/** Divides while one connection stores messages, one batch of one after the other; what the longest of them took. */
async function divide({ url, pool }, parts) {
  if (parts === 1)
    return {
      'dividing, s per million': undefined,
      'locked, ms': undefined,
      'longest send meanwhile, ms': undefined,
      'sends/s meanwhile': undefined,
    }
  const running = { on: true }
  const sending = sendUntil(pool, running)
  const startedAt = performance.now()
  const { rows, stoppedMs } = await partitionMessages(url, parts)
  const seconds = (performance.now() - startedAt) / 1000
  running.on = false
  const { longestMs, perSecond } = await sending
  return {
    'dividing, s per million': seconds / (rows / 1e6),
    'locked, ms': stoppedMs,
    'longest send meanwhile, ms': longestMs,
    'sends/s meanwhile': perSecond,
  }
}

async function sendUntil(pool, running) {
  const client = await pool.connect()
  await client.query(writerSettings)
  const times = []
  for (let n = 0; running.on; n++) {
    const before = performance.now()
    await store(client, [place(n)], n)
    times.push(performance.now() - before)
  }
  client.release(true)
  return { longestMs: Math.max(...times), perSecond: times.length / (times.reduce((a, b) => a + b, 0) / 1000) }
}

async function measureAll(database, redisUrl) {
  const pid = await withClient(database.url, async (client) => parentOf((await client.query('select pg_backend_pid() as pid')).rows[0].pid))
  const costs = await measureSends(database, pid)
  for (const mode of ['auto', 'force_generic_plan'])
    for (const [what, cost] of await measureCalls(database, redisUrl, pid, mode))
      costs.push([mode === 'auto' ? what : `${what}; planned once`, cost])
  return costs
}

async function measureSends({ pool }, pid) {
  const client = await pool.connect()
  await client.query(writerSettings)
  const costs = []
  for (const [what, size, more, count] of [
    ['a message, sent alone', 1, {}, 400],
    ['a message, 16 in a batch', 16, {}, 150],
    ['a message, 64 in a batch', 64, {}, 80],
    ['a reply, 64 in a batch', 64, { reply: true }, 80],
  ]) {
    let n = Math.floor(Math.random() * 1e6)
    const batch = () =>
      store(
        client,
        Array.from({ length: size }, () => place(n++)),
        n,
        more,
      )
    for (let i = 0; i < 20; i++) await batch()
    costs.push([what, (await cpuOf(pid, async () => repeat(count, batch))) / (count * size)])
  }
  client.release(true)
  return costs
}

/** Through the domain, one caller, nothing cached; where PostgreSQL decides whether plans fit all values, and where they have to. */
async function measureCalls({ url, query }, redisUrl, pid, mode) {
  const redis = new Redis(redisUrl)
  const chat = openChat({
    databaseUrl: withPlans(url, mode),
    databasePoolMax: 1,
    redis,
    publisher: redis,
    eventForm: 'batched',
    jwt,
    settings: chatSettings,
    log,
  })
  const actor = { userId: place(0).senderId, isAdmin: false }
  const call = (operation, input) => execute(chat, { operation, actor, input, requestId: 'bench' })
  const ids = (
    await query('select id from messages where conversation_id = $1 and sender_id <> $2 order by seq desc limit 270', [
      place(0).conversationId,
      actor.userId,
    ])
  ).map(({ id }) => id)
  const { data } = await call('sync', {})
  let next = 0
  const calls = {
    'history, 50 messages': () => call('list_messages', { conversation_id: place(0).conversationId }),
    'list, 20 conversations': () => call('list_conversations', {}),
    'receipts of a message, by its id alone': () => call('list_receipts', { message_id: ids[next++ % ids.length] }),
    'mark_read of one message': () =>
      call('mark_read', { conversation_id: place(0).conversationId, message_ids: [ids[next++ % ids.length]] }),
    'sync, nothing new': () => call('sync', { since: data.next }),
  }
  const costs = []
  for (const [what, one] of Object.entries(calls)) {
    // Read anew each time: what is read already is not marked.
    if (what.startsWith('mark_read'))
      await query(`update conversation_members set read_seqs = '{}', delivered_seqs = '{}' where conversation_id = $1`, [
        place(0).conversationId,
      ])
    await repeat(20, one)
    costs.push([what, (await cpuOf(pid, () => repeat(callsOfEach, one))) / callsOfEach])
  }
  await chat.close()
  await redis.quit()
  return costs
}

function withPlans(url, mode) {
  const changed = new URL(url)
  // In the place of the domain's own.
  changed.searchParams.set('options', `-c max_parallel_workers_per_gather=0 -c jit=off -c plan_cache_mode=${mode}`)
  return changed.href
}

async function cpuOf(pid, run) {
  const read = () => cpuSeconds({ postgres: { pids: [pid], tree: true } }).postgres
  const before = read()
  await run()
  return (read() - before) * 1e6
}

async function repeat(count, run) {
  for (let n = 0; n < count; n++) await run()
}

let key = 0
function store(client, places, n, { reply = false } = {}) {
  const drafts = places
    .map((at) => ({ ...draftFor(at), clientMessageId: `${n}-${key++}`, parentMessageId: reply ? at.messageId : null }))
    .sort((a, b) => (a.conversationId < b.conversationId ? -1 : 1))
  const column = (name) => drafts.map((draft) => draft[name])
  const columns = ['id', 'conversationId', 'senderId', 'messageType', 'content', 'metadata', 'clientMessageId', 'parentMessageId'].map(
    column,
  )
  return client.query({ name: 'store', text: storeBatchText, values: [drafts.map((_, i) => i), ...columns, [], false, false] })
}

const hex = (prefix, n) => `${prefix}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const personOf = (n) => hex('a', n)
/** Conversation n, its first member, and its first message. */
const place = (n) => {
  const c = ((n * 7919) % conversations) + 1
  return { conversationId: hex('c', c), senderId: personOf((c % 1000) + 1), messageId: hex('d', c) }
}

/** Conversations of five, everybody in as many. */
async function fill({ query }) {
  const each = messages / conversations
  const id = (prefix, n) => `('${prefix}0000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`
  await query(`insert into users (id, first_name) select ${id('a', 'n')}, 'Person ' || n from generate_series(1, 1000) n`)
  await query(
    `insert into conversations (id, type, created_by, last_seq, message_count, last_message_at)
     select ${id('c', 'n')}, 'group', ${id('a', '1')}, $1::int, $1::int, now() from generate_series(1, ${conversations}) n`,
    [each],
  )
  await query(
    `insert into conversation_members (conversation_id, user_id, read_seqs, delivered_seqs)
     select ${id('c', 'n')}, ${id('a', '(n + k * 7) % 1000 + 1')}, int8multirange(int8range(1, $1::int - 10)), int8multirange(int8range(1, $1::int - 10))
     from generate_series(1, ${conversations}) n, generate_series(0, 4) k`,
    [each],
  )
  await query(
    `insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select ${id('c', 'n')}, s, case s when 1 then ${id('d', 'n')} else (lpad(to_hex(s), 8, '0') || substr(gen_random_uuid()::text, 9))::uuid end,
       ${id('a', '(n + s % 5 * 7) % 1000 + 1')}, 'text', repeat('text ', 12)
     from generate_series(1, $1::int) s, generate_series(1, ${conversations}) n`,
    [each],
  )
  await query('vacuum analyze')
}

async function withClient(url, use) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return use(client).finally(() => client.end())
}
