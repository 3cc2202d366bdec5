import { setTimeout as delay } from 'node:timers/promises'
import { residentBytes } from '../cpu.mjs'
import { kib, median, ms, percentiles, rate } from '../figures.mjs'
import { deal } from '../load/drivers.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { asAsked, collectable } from '../variants.mjs'
import { withStand } from '../stand.mjs'

const idleCount = Number(process.env.BENCH_CONNECTIONS ?? 10_000)
const stormCount = 2000
const driverCount = 2

/** What an idle connection, authenticated and joined, costs in memory; and ten thousand of them on one gateway. */
export function idle(stores) {
  return withStand(stores, 'idle', async (stand) => {
    const { people, conversations } = await createPairedPeople(stand, idleCount)
    const drivers = await stand.drivers(driverCount)
    const results = {}
    for (const [name, program] of [
      ['bare', 'bareGateway'],
      ['product', 'gateway'],
    ]) {
      const [gateway] = await stand.start(program, 1, { as: 'gateway', ...collectable })
      const idlers = people.map(({ token }, n) => idler(gateway, token, conversations[n >> 1], n))
      results[name] = await measureMemory(gateway, drivers, idlers)
      await drivers.run('close', { group: 'idle' })
      await gateway.stop()
    }
    const { product, bare } = results
    return [
      {
        what: 'memory of an idle connection, authenticated and joined, of bare Socket.IO',
        product: kib(product.bytesEach),
        base: kib(bare.bytesEach),
        ratio: product.bytesEach / bare.bytesEach,
        target: { max: 1.25 },
        figures: results,
      },
      { what: 'the same in KiB', product: kib(product.bytesEach), base: '25 KiB', ratio: product.bytesEach / 1024, target: { max: 25 } },
      {
        what: `idle connections on one gateway`,
        product: `${product.sockets}`,
        base: `${idleCount}`,
        ratio: product.sockets / idleCount,
        target: { min: 1 },
        detail: `${(product.totalBytes / 1024 ** 2).toFixed(0)} MiB resident in all`,
      },
    ]
  })
}

/** Half of them one conversation each with a neighbour, so that every one is in a room of two. */
async function createPairedPeople(stand, count) {
  const people = await createPeople(stand, count)
  const pairs = Array.from({ length: count / 2 }, (_, n) => [people[2 * n], people[2 * n + 1]])
  return { people, conversations: await createConversations(stand, pairs) }
}

// A loopback address has some 28,000 ports for connections; a few addresses leave room for those that are just being closed.
const idler = ({ url }, token, conversationId, n) => ({ url, token, conversationId, localAddress: `127.0.0.${2 + (n % 4)}` })

async function measureMemory(gateway, drivers, idlers) {
  // What the first connections make a process load is not what one costs.
  const warmUp = idlers.slice(0, 400)
  await drivers.run(
    'openIdle',
    deal(warmUp, driverCount).map((people) => ({ group: 'warm-up', people })),
  )
  const before = await residentAfterCollection(gateway.pid)
  const rest = idlers.slice(400)
  const opened = await drivers.run(
    'openIdle',
    deal(rest, driverCount).map((people) => ({ group: 'idle', people })),
  )
  const after = await residentAfterCollection(gateway.pid)
  const sockets = opened.reduce((sum, { sockets: some }) => sum + some, warmUp.length)
  await drivers.run('close', { group: 'warm-up' })
  return { bytesEach: (after - before) / rest.length, sockets, totalBytes: after }
}

async function residentAfterCollection(pid) {
  for (let i = 0; i < 3; i++) {
    process.kill(pid, 'SIGCONT')
    await delay(400)
  }
  return residentBytes(pid)
}

/** Everybody of one gateway comes back at once, while others go on sending through it. */
export function reconnects(stores) {
  return withStand(stores, 'reconnects', async (stand) => {
    const { people, conversations } = await createPairedPeople(stand, stormCount)
    const gateways = await stand.start('gateway', 1, { ...asAsked, as: 'gateway' })
    const [gateway] = gateways
    const drivers = await stand.drivers(driverCount)
    const idlers = people.map(({ token }, n) => idler(gateway, token, conversations[n >> 1], n))
    await drivers.run(
      'openIdle',
      deal(idlers, driverCount).map((some) => ({ group: 'idle', people: some })),
    )
    const talkers = await openTalkers(stand, gateway)
    const storms = []
    for (let round = 0; round < 3; round++) storms.push(await storm(stand, gateways, drivers, talkers))
    return stormRows(storms)
  })
}

async function storm(stand, gateways, drivers, talkers) {
  // Who is gone for longer than the grace period is announced as offline: this storm is shorter.
  const before = { cpu: stand.cpu(gateways, drivers).gateway, queries: await countQueries(stand) }
  const talking = talkers.talk(3000)
  const results = await drivers.run('reconnect', { group: 'idle', openingMax: 100 })
  const cpuSeconds = stand.cpu(gateways, drivers).gateway - before.cpu
  const { times, done } = await talking
  const queries = (await countQueries(stand)) - before.queries - done * talkers.queriesEach
  const slowest = Math.max(...results.map(({ ms: elapsed }) => elapsed))
  return {
    perSecond: (stormCount / slowest) * 1000,
    perCore: stormCount / cpuSeconds,
    queriesEach: Math.max(0, queries / stormCount),
    sendP99: percentiles(times).p99,
    joinP99: percentiles(results.flatMap((result) => result.times)).p99,
    busy: Math.max(...results.map(({ busy }) => busy)),
  }
}

function stormRows(storms) {
  const middle = (key) => median(storms.map((each) => each[key]))
  return [
    {
      what: 'sockets that come back, authenticated and joined, for each second of a gateway core',
      product: rate(middle('perCore')),
      base: '1,000/s',
      ratio: middle('perCore') / 1000,
      target: { min: 1 },
      detail: `${rate(middle('perSecond'))} by the clock, p99 until joined ${ms(middle('joinP99'))}`,
      driverBusy: middle('busy'),
      figures: storms,
    },
    {
      what: 'database queries for each of them',
      product: middle('queriesEach').toFixed(2),
      base: '1',
      ratio: middle('queriesEach'),
      target: { max: 1 },
    },
    {
      what: 'p99 of a send meanwhile, in ms',
      product: ms(middle('sendP99')),
      base: '500 ms',
      ratio: middle('sendP99'),
      target: { max: 500 },
    },
  ]
}

/** Ten pairs that send calmly; what their sends cost in queries is measured first. */
async function openTalkers(stand, gateway) {
  const { people, conversations } = await createPairedPeople(stand, 20)
  const drivers = await stand.drivers()
  const at = ({ token }) => ({ token, url: gateway.url })
  const pairs = conversations.map((conversationId, n) => ({ conversationId, sender: at(people[2 * n]), receiver: at(people[2 * n + 1]) }))
  await drivers.run('openPairs', { group: 'pairs', pairs })
  const talk = async (forMs) => (await drivers.run('pacePairs', { group: 'pairs', perSecond: 50, ms: forMs }))[0]
  await talk(500)
  const before = await countQueries(stand)
  const { done } = await talk(2000)
  return { talk, queriesEach: ((await countQueries(stand)) - before) / done }
}

/** Statements so far, each being a transaction; sessions report at most a second late. */
async function countQueries({ query }) {
  await delay(1500)
  const [{ count }] = await query('select xact_commit::float8 as count from pg_stat_database where datname = current_database()')
  return count
}
