import { execute, openChat } from '@viatra-chat/chat'
import { Redis } from 'ioredis'
import { chatSettings, jwt, withRedis } from './chat-parts.mjs'
import { medianOf, ms, rate, ratio } from './measure.mjs'

const people = 100
const callers = 32
const measuredMs = 2000
// Of a hundred calls; what remains are sends. An app opens its list, then a conversation or two, far more often than it writes.
const listShare = 45
const historyShare = 45
const log = { debug() {}, info() {}, warn() {}, error() {} }

/** Reads with and without the page cache, beside writes that make its entries old. */
export function cache(server) {
  return server.withDatabase({ migrated: true }, (database) =>
    withRedis(async (redisUrl) => {
      const places = await createPlaces(database)
      const rows = []
      let base
      for (const enabled of [false, true]) {
        const result = await medianOf(() => measure(database.url, redisUrl, places, enabled))
        base ??= result.perSecond
        rows.push({ cache: enabled ? 'on' : 'off', ...shown(result), 'to off': ratio(result.perSecond, base) })
      }
      return { title: `Cache: ${callers} callers, ${listShare} % lists, ${historyShare} % history, the rest sends`, rows }
    }),
  )
}

function shown({ perSecond, list, history, hits }) {
  return { calls: rate(perSecond), 'list, mean': ms(list), 'history, mean': ms(history), hits: `${Math.round(hits * 100)} %` }
}

async function measure(databaseUrl, redisUrl, places, enabled) {
  const redis = new Redis(redisUrl)
  await redis.flushdb()
  const settings = { ...chatSettings, cache: enabled }
  const chat = openChat({ databaseUrl, databasePoolMax: 10, redis, publisher: redis, eventForm: 'batched', jwt, settings, log })
  const times = { list: [], history: [], send: [] }
  const startedAt = performance.now()
  let n = 0
  const caller = async () => {
    while (performance.now() - startedAt < measuredMs) await call(chat, places, n++, times)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const perSecond = n / ((performance.now() - startedAt) / 1000)
  const { hits, misses } = chat.cache.stats()
  await chat.close()
  await redis.quit()
  return { perSecond, list: mean(times.list), history: mean(times.history), hits: hits / Math.max(1, hits + misses) }
}

async function call(chat, places, n, times) {
  const { conversation_id, user_id } = places[(n * 7919) % places.length]
  const kind = (n * 31) % 100
  const ask = async (operation, name, input) => {
    const before = performance.now()
    await execute(chat, { operation, actor: { userId: user_id, isAdmin: false }, input, requestId: 'bench' })
    times[name].push(performance.now() - before)
  }
  if (kind < listShare) return ask('list_conversations', 'list', {})
  if (kind < listShare + historyShare) return ask('list_messages', 'history', { conversation_id })
  return ask('send_message', 'send', { conversation_id, content: 'Blood pressure 124/81, slept well.' })
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** Everybody is in twenty groups of eight, each with a hundred messages. */
export async function createPlaces({ query }) {
  await query(`insert into users (id, first_name) select gen_random_uuid(), 'Person ' || n from generate_series(1, ${people}) n`)
  await query(`
    insert into conversations (id, type, created_by, last_seq, message_count, participant_count, last_message_at)
    select gen_random_uuid(), 'group', (select id from users limit 1), 100, 100, 8, now() from generate_series(1, ${(people * 20) / 8})`)
  await query(`
    insert into conversation_members (conversation_id, user_id)
    select c.id, u.id from (select id, row_number() over () as n from conversations) c
    join (select id, row_number() over () as n from users) u on ((u.n - c.n * 8) % ${people} + ${people}) % ${people} < 8`)
  await query(`
    insert into messages (conversation_id, seq, id, sender_id, message_type, content)
    select c.id, s, gen_random_uuid(), (select user_id from conversation_members m where m.conversation_id = c.id order by user_id limit 1), 'text', 'Message ' || s
    from conversations c cross join generate_series(1, 100) s`)
  await query('analyze')
  return query('select conversation_id, user_id from conversation_members')
}
