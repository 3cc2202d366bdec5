import { randomUUID } from 'node:crypto'
import { openChat } from '@viatra-chat/chat'
import { Redis } from 'ioredis'
import { medianOf, ms, rate, ratio } from './measure.mjs'

const people = 200
const callers = 256
const connections = 16
const measuredMs = 1500

/** Storing messages: coalesced as the domain does it, the same statement for each message, or a transaction of several round trips. */
export function sends(server) {
  return server.withDatabase({ migrated: true, connections }, async (database) => {
    const rows = []
    for (const [into, conversations] of Object.entries({ '1,000 conversations': 1000, 'one conversation': 1 })) {
      const places = await createConversations(database, conversations)
      const results = {}
      for (const [variant, open] of Object.entries(variants))
        results[variant] = await medianOf(() => measureVariant(database, open, places))
      const base = Object.values(results)[0]
      for (const [variant, result] of Object.entries(results)) rows.push(row(into, variant, result, base))
    }
    return { title: `Sends: ${callers} callers that wait for their answers`, rows }
  })
}

function row(into, variant, { perSecond, p50, p99 }, base) {
  return { into, variant, sends: rate(perSecond), 'to the first': ratio(perSecond, base.perSecond), median: ms(p50), p99: ms(p99) }
}

const variants = {
  coalesced: ({ url }) => throughQueues(url, 1),
  'one statement each': ({ url }) => throughQueues(url, connections),
  'BEGIN … COMMIT': ({ pool }) => throughTransactions(pool),
}

/** The domain's own queue. With several of them and one caller at a time for each, every statement holds one message. */
async function throughQueues(databaseUrl, count) {
  const redis = new Redis({ lazyConnect: true })
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const settings = {
    messageLengthMax: 5000,
    conversationPageSize: 20,
    messagePageSize: 50,
    rateLimitMultiplier: 1,
    cache: false,
    push: { enabled: false },
    auditSends: process.env.AUDIT_SENDS !== 'off',
  }
  const jwt = { secret: 'not used here, but long enough to be one' }
  const chats = Array.from({ length: count }, () =>
    openChat({ databaseUrl, databasePoolMax: 1, redis, publisher: redis, eventForm: 'batched', jwt, settings, log }),
  )
  const send = (chat, place) => chat.sends.send(draftFor(place))
  return {
    send: count === 1 ? (place) => send(chats[0], place) : inTurns(chats, send),
    close: async () => void (await Promise.all(chats.map((chat) => chat.close()))),
  }
}

async function throughTransactions(pool) {
  const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()))
  return { send: inTurns(clients, inTransaction), close: async () => clients.forEach((client) => client.release()) }
}

async function inTransaction(client, place) {
  const draft = draftFor(place)
  await client.query('begin')
  await client.query({
    name: 'member',
    text: 'select role from conversation_members where conversation_id = $1 and user_id = $2',
    values: [draft.conversationId, draft.senderId],
  })
  const { rows } = await client.query({
    name: 'bump',
    text: `update conversations set last_seq = last_seq + 1, message_count = message_count + 1, version = version + 1, last_message_at = now()
      where id = $1 returning last_seq`,
    values: [draft.conversationId],
  })
  await client.query({
    name: 'insert',
    text: `insert into messages (conversation_id, seq, id, sender_id, message_type, content) values ($1, $2, $3, $4, 'text', $5)`,
    values: [draft.conversationId, rows[0].last_seq, draft.id, draft.senderId, draft.content],
  })
  await client.query('commit')
}

/** Each resource serves one caller at a time; callers wait for a free one. */
function inTurns(resources, use) {
  const free = [...resources]
  const waiting = []
  return async (place) => {
    const resource = free.pop() ?? (await new Promise((resolve) => waiting.push(resolve)))
    try {
      return await use(resource, place)
    } finally {
      const next = waiting.shift()
      if (next) next(resource)
      else free.push(resource)
    }
  }
}

async function measureVariant(database, open, places) {
  const { send, close } = await open(database)
  await database.query('checkpoint')
  const times = []
  const startedAt = performance.now()
  let n = 0
  const caller = async () => {
    while (performance.now() - startedAt < measuredMs) {
      const before = performance.now()
      await send(places[(n++ * 7919) % places.length])
      times.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const perSecond = times.length / ((performance.now() - startedAt) / 1000)
  await close()
  times.sort((a, b) => a - b)
  return { perSecond, p50: times[Math.floor(times.length / 2)], p99: times[Math.floor(times.length * 0.99)] }
}

export function draftFor({ conversationId, senderId }) {
  const id = timeOrderedId()
  const content = 'Blood pressure 124/81, temperature 36.8, slept well. '.repeat(2)
  return { id, conversationId, senderId, messageType: 'text', content, metadata: '{}', clientMessageId: null, parentMessageId: null }
}

function timeOrderedId() {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** Groups of two to eight; who sends in each is one of its members. */
export async function createConversations({ query }, count) {
  await query('truncate users cascade')
  await query('truncate messages')
  await query(`insert into users (id, first_name) select gen_random_uuid(), 'Person ' || n from generate_series(1, ${people}) n`)
  await query(
    `insert into conversations (id, type, created_by) select gen_random_uuid(), 'group', (select id from users limit 1) from generate_series(1, $1)`,
    [count],
  )
  return query(`
    with added as (
      insert into conversation_members (conversation_id, user_id)
      select c.id, u.id from (select id, row_number() over () as n from conversations) c
      join (select id, row_number() over () as n from users) u on (u.n - c.n) % ${people} between 0 and 1 + c.n % 7
      returning conversation_id, user_id
    )
    select conversation_id as "conversationId", min(user_id::text) as "senderId" from added group by 1`)
}
