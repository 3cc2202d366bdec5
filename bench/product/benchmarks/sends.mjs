import { cpuPerOperation } from '../cpu.mjs'
import { cpuText, inTurns, latencyText, ms, percentiles, rate, ratioOf, turnsOf } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { oneStatementEach, sabotage } from '../variants.mjs'
import { withStand } from '../stand.mjs'

const pairCount = 64
const window = 4
const measuredMs = 3000
const warmUpMs = 5000

/** Socket send → stored → received by the other member on another gateway. */
export async function sends(stores) {
  // Apart, since gateways of the product hear all that is told in their Redis: those that wait for their turn would take their part of the machine.
  return [...(await withStand(stores, 'sends', besideBare)), ...(await withStand(stores, 'sends_each', besideOneEach))]
}

async function besideBare(stand) {
  const lines = await openLines(stand, { product: {}, bare: { program: 'bareGateway' } })
  const saturated = await inTurns(turnsOf(lines, (line) => line.saturate()))
  const perSecond = saturated.product.perSecond * 0.3
  // Batches are small there: until that is compiled anew, times fall from second to second.
  for (const line of Object.values(lines)) await line.pace(perSecond, warmUpMs)
  const calm = await inTurns(turnsOf(lines, (line) => line.pace(perSecond)))
  return [
    throughput('of a bare pipeline', saturated, 'bare', 0.85),
    {
      what: `p99 from send to receipt at 30 % (${rate(perSecond)}), to the bare pipeline's`,
      product: ms(calm.product.p99),
      base: ms(calm.bare.p99),
      ratio: ratioOf(calm, 'product', 'bare', ({ p99 }) => p99),
      target: { max: 2.5 },
      detail: `${latencyText(calm.product)}; bare ${latencyText(calm.bare)}`,
      figures: calm,
    },
  ]
}

async function besideOneEach(stand) {
  const lines = await openLines(stand, { product: {}, 'one statement each': oneStatementEach })
  const saturated = await inTurns(turnsOf(lines, (line) => line.saturate()))
  return [throughput('of one statement per send', saturated, 'one statement each', 2.5)]
}

/** Whether a benchmark would notice: the same product, with 0.3 ms of a busy processor added to each statement's message. */
export function noticed(stores) {
  return withStand(stores, 'noticed', async (stand) => {
    const lines = await openLines(stand, { product: {}, slowed: sabotage })
    const results = await inTurns(turnsOf(lines, (line) => line.saturate()))
    return [
      {
        what: 'sends of a product slowed on purpose, of the product as it is: must be seen',
        product: rate(results.slowed.perSecond),
        base: rate(results.product.perSecond),
        ratio: ratioOf(results, 'slowed', 'product', ({ perSecond }) => perSecond),
        target: { max: 0.75 },
        detail: `µs of CPU each: ${cpuText(results.slowed.cpu)}; as it is ${cpuText(results.product.cpu)}`,
        figures: results,
      },
    ]
  })
}

/** What it brings that events of one turn go through Redis as one message, and what the sharded adapter costs. */
export function forms(stores) {
  return withStand(stores, 'forms', async (stand) => {
    const lines = await openLines(stand, {
      product: {},
      'one by one': { env: { WIRE_VERSION: 'previous' } },
      sharded: { env: { REDIS_ADAPTER: 'sharded' } },
    })
    const results = await inTurns(turnsOf(lines, (line) => line.saturate()))
    return [throughput('of events told one by one', results, 'one by one', 1), throughput('of the sharded adapter', results, 'sharded', 1)]
  })
}

function throughput(what, results, base, min) {
  const { product } = results
  return {
    what: `socket sends, saturated, ${what}`,
    product: rate(product.perSecond),
    base: rate(results[base].perSecond),
    ratio: ratioOf(results, 'product', base, ({ perSecond }) => perSecond),
    target: { min },
    detail: `${latencyText(product)}; µs of CPU each: ${cpuText(product.cpu)}; ${base} ${cpuText(results[base].cpu)}`,
    driverBusy: product.busy,
    figures: results,
  }
}

/** For each variant two gateways and pairs of people over both of them, ready to send. */
export async function openLines(stand, variants) {
  const people = await createPeople(stand, pairCount * 2)
  const couples = Array.from({ length: pairCount }, (_, n) => [people[2 * n], people[2 * n + 1]])
  const conversations = await createConversations(stand, couples)
  const lines = {}
  for (const [name, { program = 'gateway', ...options }] of Object.entries(variants)) {
    const gateways = await stand.start(program, 2, { as: 'gateway', ...options })
    const drivers = await stand.drivers()
    const pairs = couples.map(([sender, receiver], n) => ({
      conversationId: conversations[n],
      sender: { token: sender.token, url: gateways[n % 2].url },
      receiver: { token: receiver.token, url: gateways[(n + 1) % 2].url },
    }))
    await drivers.run('openPairs', { group: 'pairs', pairs })
    // Code is compiled, statements are planned.
    await drivers.run('sendPairs', { group: 'pairs', window, ms: warmUpMs })
    lines[name] = {
      gateways,
      saturate: (forMs = measuredMs) => measure(stand, gateways, drivers, 'sendPairs', { group: 'pairs', window, ms: forMs }),
      pace: (perSecond, forMs = measuredMs) => measure(stand, gateways, drivers, 'pacePairs', { group: 'pairs', perSecond, ms: forMs }),
    }
  }
  return lines
}

export async function measure(stand, gateways, drivers, job, input) {
  await stand.settle()
  const before = stand.cpu(gateways, drivers)
  const [result] = await drivers.run(job, input)
  const cpu = cpuPerOperation(before, stand.cpu(gateways, drivers), result.done)
  if (result.lost > 0) throw new Error(`${result.lost} of ${result.done + result.lost} messages did not arrive`)
  return { done: result.done, perSecond: (result.done / result.ms) * 1000, ...percentiles(result.times), cpu, busy: result.busy }
}
