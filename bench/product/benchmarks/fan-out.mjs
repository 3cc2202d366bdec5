import { setTimeout as delay } from 'node:timers/promises'
import { cpuPerOperation } from '../cpu.mjs'
import { cpuText, inTurns, ms, percentiles, rate, ratioOf } from '../figures.mjs'
import { deal } from '../load/drivers.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { asAsked } from '../variants.mjs'
import { withStand } from '../stand.mjs'

const sizes = [100, 500, 2000]
const measuredMs = 2500
const driverCount = 2

/** Deliveries into rooms over two gateways; and whether a large room makes others wait. */
export function fanOut(stores) {
  return withStand(stores, 'fan_out', async (stand) => {
    const people = await createPeople(stand, Math.max(...sizes))
    const rooms = await createConversations(
      stand,
      sizes.map((size) => people.slice(0, size)),
    )
    const product = { gateways: await stand.start('gateway', 2, asAsked), job: 'sendRoom' }
    const bare = { gateways: await stand.start('bareGateway', 2, { as: 'gateway' }), job: 'sayRoom' }
    const rows = []
    for (const [n, size] of sizes.entries()) rows.push(await measureSize(stand, { product, bare }, rooms[n], people.slice(0, size)))
    return [...rows, await measureOthers(stand, product.gateways, rooms.at(-1), people)]
  })
}

async function measureSize(stand, variants, conversationId, members) {
  const opened = {}
  for (const [name, { gateways, job }] of Object.entries(variants))
    opened[name] = await openRoom(stand, gateways, conversationId, members, job)
  for (const room of Object.values(opened)) await room.measure(700)
  const results = await inTurns({ product: () => opened.product.measure(), bare: () => opened.bare.measure() })
  for (const room of Object.values(opened)) room.close()
  const { product, bare } = results
  return {
    what: `deliveries into a room of ${members.length}, of bare Socket.IO`,
    product: rate(product.perSecond),
    base: rate(bare.perSecond),
    ratio: ratioOf(results, 'product', 'bare', ({ perSecond }) => perSecond),
    target: { min: 0.9 },
    detail: `µs of CPU each delivery: ${cpuText(product.cpu)}; bare ${cpuText(bare.cpu)}`,
    driverBusy: product.busy,
    figures: results,
  }
}

async function openRoom(stand, gateways, conversationId, members, job) {
  const drivers = await stand.drivers(driverCount)
  const group = `room-${members.length}`
  const placed = members.map(({ token }, n) => ({ token, url: gateways[(n >> 1) % gateways.length].url }))
  await drivers.run(
    'openRoom',
    deal(placed, driverCount).map((some) => ({ group, conversationId, members: some })),
  )
  return {
    measure: (forMs = measuredMs, everyMs = 0) => measure(stand, gateways, drivers, { group, job, ms: forMs, members, everyMs }),
    close: () => drivers.stop(),
  }
}

async function measure(stand, gateways, drivers, { group, job, ms: forMs, members, everyMs }) {
  const before = await countDeliveries(drivers, group)
  const cpuBefore = stand.cpu(gateways, drivers)
  const startedAt = performance.now()
  const [{ sent, busy }] = await drivers.run(job, [
    { group, ms: forMs, window: everyMs > 0 ? 1 : 4, everyMs },
    { group, ms: 0, window: 0 },
  ])
  const expected = before + sent * members.length
  let delivered = await countDeliveries(drivers, group)
  // What is on its way when the last send is answered.
  while (delivered < expected && performance.now() - startedAt < forMs + 10_000) {
    await delay(10)
    delivered = await countDeliveries(drivers, group)
  }
  const elapsed = performance.now() - startedAt
  const done = delivered - before
  if (done < sent * members.length) throw new Error(`${sent * members.length - done} deliveries are missing`)
  return { perSecond: (done / elapsed) * 1000, cpu: cpuPerOperation(cpuBefore, stand.cpu(gateways, drivers), done), busy }
}

export async function countDeliveries(drivers, group, event = 'new_message') {
  const results = await drivers.run('roomCounts', { group })
  return results.reduce((sum, { counts }) => sum + (counts[event] ?? 0), 0)
}

/** Twenty pairs talk calmly while a room of 2,000 gets two messages a second. */
async function measureOthers(stand, gateways, conversationId, members) {
  const room = await openRoom(stand, gateways, conversationId, members, 'sendRoom')
  const pairs = await openPairs(stand, gateways, members)
  const alone = percentiles((await pairs.talk()).times)
  const [{ times }] = await Promise.all([pairs.talk(), room.measure(3000, 500)])
  room.close()
  const beside = percentiles(times)
  return {
    what: 'p99 of a send elsewhere while messages go to 2,000 listeners',
    product: ms(beside.p99),
    base: `${ms(alone.p99)} without them`,
    ratio: beside.p99,
    target: { max: 50 },
    detail: `p50 ${ms(beside.p50)}, without them ${ms(alone.p50)}; the ratio is the milliseconds`,
    figures: { beside, alone },
  }
}

async function openPairs(stand, gateways, people) {
  const couples = Array.from({ length: 20 }, (_, n) => [people[2 * n], people[2 * n + 1]])
  const conversations = await createConversations(stand, couples)
  const drivers = await stand.drivers()
  const at = ({ token }, n) => ({ token, url: gateways[n % 2].url })
  const pairs = couples.map(([sender, receiver], n) => ({
    conversationId: conversations[n],
    sender: at(sender, n),
    receiver: at(receiver, n + 1),
  }))
  await drivers.run('openPairs', { group: 'pairs', pairs })
  return { talk: async () => (await drivers.run('pacePairs', { group: 'pairs', perSecond: 100, ms: 3000 }))[0] }
}
