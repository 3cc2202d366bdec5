import { setTimeout as delay } from 'node:timers/promises'
import { inTurns, median, ms, rate, ratioOf } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { asAsked } from '../variants.mjs'
import { withStand } from '../stand.mjs'
import { countDeliveries } from './fan-out.mjs'
import { measureCalls } from './rest.mjs'

const sizes = [2, 20, 200, 1000]
const idsPerCall = 50
// The same in each size, so that no more calls wait for one reader's row, and none is further behind.
const readerCount = 16
const callsEach = 25

/** mark_read of fifty ids in groups of all sizes, what ten thousand calls leave in the tables, and one message that everybody reads. */
export function receipts(stores) {
  return withStand(stores, 'receipts', async (stand) => {
    const people = await createPeople(stand, Math.max(...sizes))
    const [api] = await stand.start('api', 1, asAsked)
    const drivers = await stand.drivers()
    const mark = async (calls, connections) => measureCalls(stand, api, drivers, { calls, ms: 20_000, connections, callsMax: calls.length })
    const bySize = sizes.map((size) => [size, async () => mark(await createMarkCalls(stand, people, size), 4)])
    // What the first calls make a process load is not what one costs.
    await bySize[1][1]()
    const measured = await inTurns(Object.fromEntries(bySize))
    const behind = await inTurns({
      far: async () => mark(await createCallsBehind(stand, people, 20_000), 1),
      near: async () => mark(await createCallsBehind(stand, people, 1000), 1),
    })
    const growth = await measureGrowth(stand, api, drivers, people.slice(0, 20))
    return [sizeRow(measured), behindRow(behind), growth, await measureStorm(stand, people.slice(0, 500))]
  })
}

function sizeRow({ rounds, ...measured }) {
  const spreads = rounds[sizes[0]].map((_, round) => {
    const p50s = sizes.map((size) => rounds[size][round].p50)
    return Math.max(...p50s) / Math.min(...p50s)
  })
  return {
    what: `mark_read of ${idsPerCall} ids by ${readerCount} readers, the slowest of groups of ${sizes.join(', ')} to the fastest`,
    product: sizes.map((size) => ms(measured[size].p50)).join(', '),
    base: 'the fastest',
    ratio: median(spreads),
    target: { max: 1.5 },
    detail: sizes.map((size) => `${size}: ${rate(measured[size].perSecond)}`).join(', '),
    figures: { ...measured, rounds },
  }
}

function behindRow(results) {
  const { far, near } = results
  return {
    what: 'mark_read by somebody who is 20,000 messages behind, of somebody who is 1,000 behind: the answer says how many are unread',
    product: ms(far.p50),
    base: ms(near.p50),
    ratio: ratioOf(results, 'far', 'near', (result) => result.p50),
    figures: results,
  }
}

/** Each reader reads what they did not before, a stretch in each of their calls; in groups too small for all of them, there are several groups. */
async function createMarkCalls(stand, people, size) {
  const readersPerGroup = Math.min(size - 1, readerCount)
  const groups = Array.from({ length: readerCount / readersPerGroup }, (_, n) => {
    const readers = people.slice(n * readersPerGroup, (n + 1) * readersPerGroup)
    const others = people.slice(readerCount, readerCount + size - readers.length)
    return { readers, members: [...others, ...readers] }
  })
  const ids = await createConversations(
    stand,
    groups.map(({ members }) => members),
  )
  const calls = []
  for (const [n, { readers, members }] of groups.entries()) calls.push(...(await markAll(stand, ids[n], members[0], readers, callsEach)))
  return calls.toSorted((a, b) => a.stretch - b.stretch)
}

/** Somebody who reads the oldest of what they missed. */
async function createCallsBehind(stand, people, count) {
  const [sender, reader] = people
  const [conversationId] = await createConversations(stand, [[sender, reader]])
  const calls = await markAll(stand, conversationId, sender, [reader], count / idsPerCall)
  return calls.slice(0, 20)
}

async function markAll(stand, conversationId, sender, readers, stretches) {
  const ids = await insertMessages(stand, conversationId, sender.id, stretches * idsPerCall)
  return Array.from({ length: stretches }, (_, stretch) =>
    readers.map((reader) => ({
      stretch,
      ...markCall(conversationId, reader, ids.slice(stretch * idsPerCall, (stretch + 1) * idsPerCall)),
    })),
  ).flat()
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
  const calls = await createMarkCalls(stand, members, members.length)
  const repeat = (callsMax) => measureCalls(stand, api, drivers, { calls, ms: 60_000, connections: 16, callsMax })
  await repeat(calls.length)
  // The maps beside a table come with its first vacuum, whoever asks for it.
  await stand.query(`vacuum ${tables.join()}`)
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

const tables = ['conversation_members', 'receipt_marks', 'messages', 'conversations']

async function tableBytes({ query }) {
  const [{ bytes }] = await query('select sum(pg_total_relation_size(name::regclass))::float8 as bytes from unnest($1::text[]) name', [
    tables,
  ])
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
