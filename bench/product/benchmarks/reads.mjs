import { cpuText, inTurns, ms, rate, ratioOf } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { withStand } from '../stand.mjs'
import { insertMessages } from './receipts.mjs'
import { measureCalls } from './rest.mjs'

const small = 10_000
const large = Number(process.env.BENCH_MESSAGES ?? 5_000_000)
const connections = 8
const measuredMs = 1500
const limit = 10

/** Lists of conversations and pages of history, in a small and in a large conversation, with and without the cache. */
export function reads(stores) {
  return withStand(stores, 'reads', async (stand) => {
    const place = await createPlace(stand)
    const services = { off: { CHAT_CACHE: 'off' }, on: { CHAT_CACHE: 'on' } }
    const [off] = await stand.start('api', 1, { as: 'api', env: services.off })
    const [on] = await stand.start('api', 1, { as: 'api', env: services.on })
    const drivers = await stand.drivers()
    const measure = (service, calls) => measureCalls(stand, service, drivers, { calls, ms: measuredMs, connections })
    const rows = []
    for (const [what, [smallCalls, largeCalls]] of Object.entries(historyCalls(place)))
      rows.push(await compare(what, measure, off, smallCalls, largeCalls))
    for (const [what, calls] of Object.entries(cachedCalls(place))) rows.push(await compareCache(what, measure, off, on, calls))
    return rows
  })
}

async function createPlace(stand) {
  const people = await createPeople(stand, 64)
  const [few, many, ...others] = people
  const lists = Array.from({ length: 2000 }, (_, n) => [...(n < 20 ? [few] : []), many, others[n % others.length]])
  const listed = await createConversations(stand, lists)
  await tellSomethingIn(stand, listed)
  const members = people.slice(0, 20)
  const [smallOne, largeOne] = await createConversations(stand, [members.slice(2), members.slice(2)])
  const sender = members[2]
  await insertMessages(stand, smallOne, sender.id, small)
  const startedAt = performance.now()
  await fillConversation(stand, largeOne, sender.id, large)
  console.log(`${large.toLocaleString('en')} messages written in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  await stand.query('vacuum analyze messages')
  return { few, many, reader: members[3], smallOne, largeOne }
}

/** Indexes are made anew afterwards: kept up row by row they take most of the time. */
async function fillConversation({ query }, conversationId, senderId, count) {
  const indexes = await query("select indexname, indexdef from pg_indexes where tablename = 'messages' and indexname <> 'messages_pkey'")
  for (const { indexname } of indexes) await query(`drop index ${indexname}`)
  await query(
    `insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select $1, n, gen_random_uuid(), $2, 'text', 'Message ' || n from generate_series(1, $3::int) n`,
    [conversationId, senderId, count],
  )
  for (const { indexdef } of indexes) await query(indexdef)
  await query('update conversations set last_seq = $2, message_count = $2, last_message_at = now() where id = $1', [conversationId, count])
}

/** Five messages in each conversation. */
export async function tellSomethingIn({ query }, conversations) {
  await query(
    `insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select c.id, n, gen_random_uuid(), c.created_by, 'text', 'Message ' || n from unnest($1::uuid[]) as c0 (id) join conversations c using (id), generate_series(1, 5) n`,
    [conversations],
  )
  await query(
    `update conversations set last_seq = 5, message_count = 5, last_message_at = now() - random() * interval '1 day' where id = any($1)`,
    [conversations],
  )
  await query('vacuum analyze conversations, messages')
}

function historyCalls({ reader, smallOne, largeOne }) {
  const page = (id, query) => [
    { method: 'GET', path: `/api/v1/chat/conversations/${id}/messages?limit=${limit}&${query}`, token: reader.token },
  ]
  const both = (query) => [page(smallOne, query), page(largeOne, query)]
  return {
    'history, page 1': both('page=1'),
    'history, page 1,000': both('page=1000'),
    'history, below a seq in the middle': [page(smallOne, `before_seq=${small / 2}`), page(largeOne, `before_seq=${large / 2}`)],
  }
}

function cachedCalls({ few, many, reader, smallOne }) {
  const list = ({ token }) => [{ method: 'GET', path: '/api/v1/chat/conversations', token }]
  return {
    'conversations of somebody in 20': list(few),
    'conversations of somebody in 2,000': list(many),
    'history, page 1': [{ method: 'GET', path: `/api/v1/chat/conversations/${smallOne}/messages`, token: reader.token }],
  }
}

async function compare(what, measure, service, smallCalls, largeCalls) {
  await measure(service, smallCalls)
  const results = await inTurns({ small: () => measure(service, smallCalls), large: () => measure(service, largeCalls) })
  return {
    what: `${what}: cost at ${large.toLocaleString('en')} messages, of that at ${small.toLocaleString('en')}`,
    product: ms(results.large.p50),
    base: ms(results.small.p50),
    ratio: ratioOf(results, 'large', 'small', ({ p50 }) => p50),
    target: { max: 1.3 },
    detail: `${rate(results.large.perSecond)} against ${rate(results.small.perSecond)}; µs of CPU each: ${cpuText(results.large.cpu)}; ${cpuText(results.small.cpu)}`,
    figures: results,
  }
}

async function compareCache(what, measure, off, on, calls) {
  await measure(on, calls)
  const results = await inTurns({ on: () => measure(on, calls), off: () => measure(off, calls) })
  return {
    what: `${what}: rate with the cache, of that without`,
    product: rate(results.on.perSecond),
    base: rate(results.off.perSecond),
    ratio: ratioOf(results, 'on', 'off', ({ perSecond }) => perSecond),
    detail: `p50 ${ms(results.on.p50)} and ${ms(results.off.p50)}; µs of CPU each: ${cpuText(results.on.cpu)}; ${cpuText(results.off.cpu)}`,
    figures: results,
  }
}
