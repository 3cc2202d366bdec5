import { setTimeout as delay } from 'node:timers/promises'
import { ms, rate } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { asAsked } from '../variants.mjs'
import { withStand } from '../stand.mjs'
import { countDeliveries } from './fan-out.mjs'
import { measureCalls } from './rest.mjs'

const sizes = [2, 20, 200, 1000]
const idsPerCall = 50

/** mark_read of fifty ids in groups of all sizes, what ten thousand calls leave in the tables, and one message that everybody reads. */
export function receipts(stores) {
  return withStand(stores, 'receipts', async (stand) => {
    const people = await createPeople(stand, Math.max(...sizes))
    const [api] = await stand.start('api', 1, asAsked)
    const drivers = await stand.drivers()
    const measured = []
    for (const size of sizes) measured.push(await measureGroup(stand, api, drivers, people.slice(0, size)))
    const slowest = Math.max(...measured.map(({ p50 }) => p50))
    const growth = await measureGrowth(stand, api, drivers, people.slice(0, 20))
    return [
      {
        what: `mark_read of ${idsPerCall} ids, the slowest of groups of ${sizes.join(', ')} to the fastest`,
        product: measured.map(({ p50 }) => ms(p50)).join(', '),
        base: 'the fastest',
        ratio: slowest / Math.min(...measured.map(({ p50 }) => p50)),
        target: { max: 1.5 },
        detail: measured.map(({ perSecond }, n) => `${sizes[n]}: ${rate(perSecond)}`).join(', '),
        figures: measured,
      },
      growth,
      await measureStorm(stand, people.slice(0, 500)),
    ]
  })
}

async function measureGroup(stand, api, drivers, members) {
  // Each call marks what nobody marked before: as many stretches of messages as there are calls.
  const calls = await createMarkCalls(stand, members, 400)
  return measureCalls(stand, api, drivers, { calls, ms: 20_000, connections: 4, callsMax: calls.length })
}

async function createMarkCalls(stand, members, count) {
  const [conversationId] = await createConversations(stand, [members])
  const readers = members.slice(1)
  const stretches = Math.ceil(count / readers.length)
  const ids = await insertMessages(stand, conversationId, members[0].id, stretches * idsPerCall)
  return Array.from({ length: count }, (_, n) => {
    const stretch = Math.floor(n / readers.length)
    return markCall(conversationId, readers[n % readers.length], ids.slice(stretch * idsPerCall, (stretch + 1) * idsPerCall))
  })
}

const markCall = (conversationId, { token }, messageIds) => ({
  method: 'POST',
  path: `/api/v1/chat/conversations/${conversationId}/read`,
  token,
  body: { message_ids: messageIds },
})

/** Gives ids in the order of seq. */
export async function insertMessages({ query }, conversationId, senderId, count) {
  const rows = await query(
    `with added as (
       insert into messages (conversation_id, seq, id, sender_id, message_type, content)
       select $1, n, gen_random_uuid(), $2, 'text', 'Message ' || n from generate_series(1, $3::int) n returning id, seq
     ) select id from added order by seq`,
    [conversationId, senderId, count],
  )
  await query('update conversations set last_seq = $2, message_count = $2, last_message_at = now() where id = $1', [conversationId, count])
  await query('analyze messages')
  return rows.map(({ id }) => id)
}

/** What was read stays read: ten thousand calls that repeat it leave every table as large as it was. */
async function measureGrowth(stand, api, drivers, members) {
  const calls = await createMarkCalls(stand, members, 200)
  const repeat = (callsMax) => measureCalls(stand, api, drivers, { calls, ms: 60_000, connections: 16, callsMax })
  await repeat(calls.length)
  const before = await tableBytes(stand)
  const { perSecond } = await repeat(10_000)
  const after = await tableBytes(stand)
  return {
    what: 'bytes that 10,000 repeated calls add to the tables of receipts',
    product: `${after - before}`,
    base: '0',
    ratio: after - before,
    target: { max: 0 },
    detail: `${rate(perSecond)} of such calls`,
  }
}

async function tableBytes({ query }) {
  const [{ bytes }] = await query(
    `select sum(pg_total_relation_size(name::regclass))::float8 as bytes from unnest(array['conversation_members', 'receipt_marks', 'messages', 'conversations']) name`,
  )
  return bytes
}

/** Five hundred joined people read one message: everybody telling everybody would be a quarter of a million events. */
async function measureStorm(stand, members) {
  const [conversationId] = await createConversations(stand, [members])
  const [messageId] = await insertMessages(stand, conversationId, members[0].id, 1)
  const gateways = await stand.start('gateway', 2, { ...asAsked, as: 'gateway' })
  const drivers = await stand.drivers()
  const placed = members.map(({ token }, n) => ({ token, url: gateways[n % 2].url }))
  await drivers.run('openRoom', { group: 'room', conversationId, members: placed })
  const startedAt = performance.now()
  await drivers.run('markRead', { group: 'room', conversationId, messageIds: [messageId] })
  const answeredMs = performance.now() - startedAt
  await delay(1000)
  const told = await countDeliveries(drivers, 'room', 'message_read')
  return {
    what: 'events told when 500 joined people read one message',
    product: `${told}`,
    base: '500',
    ratio: told / 500,
    target: { max: 1 },
    detail: `all answered after ${ms(answeredMs)}`,
  }
}
