import { createConversations, createPeople } from '../population.mjs'
import { withStand } from '../stand.mjs'
import { measure } from './sends.mjs'

const pairCount = 32
const counts = [1, 2, 4, 8]
const forms = { batched: {}, sharded: { REDIS_ADAPTER: 'sharded' } }
const calm = { perSecond: 400, ms: 4000 }

/** What a message costs a gateway that hosts none of its listeners, and Redis, as gateways are added. */
export function growth(stores) {
  return withStand(stores, 'growth', async (stand) => {
    const people = await createPeople(stand, pairCount * 2)
    const couples = Array.from({ length: pairCount }, (_, n) => [people[2 * n], people[2 * n + 1]])
    const conversations = await createConversations(stand, couples)
    const rows = []
    for (const [form, env] of Object.entries(forms))
      for (const count of counts) rows.push(await measureCount(stand, { form, env, count, couples, conversations }))
    return rows
  })
}

async function measureCount(stand, { form, env, count, couples, conversations }) {
  const [host] = await stand.start('gateway', 1, { env })
  const bystanders = await stand.start('gateway', count - 1, { env, as: 'bystander' })
  const drivers = await stand.drivers()
  const pairs = couples.map(([sender, receiver], n) => ({
    conversationId: conversations[n],
    sender: { token: sender.token, url: host.url },
    receiver: { token: receiver.token, url: host.url },
  }))
  await drivers.run('openPairs', { group: 'pairs', pairs })
  await drivers.run('pacePairs', { group: 'pairs', ...calm, ms: 1500 })
  const { cpu, p50 } = await measure(stand, [host, ...bystanders], drivers, 'pacePairs', { group: 'pairs', ...calm })
  drivers.stop()
  await Promise.all([host, ...bystanders].map((gateway) => gateway.stop()))
  const each = bystanders.length > 0 ? cpu.bystander / bystanders.length : 0
  return {
    what: `${form}, ${count} gateways: µs of CPU for each message on one that hosts none of its listeners`,
    product: bystanders.length > 0 ? each.toFixed(1) : '–',
    detail: `the host ${cpu.gateway.toFixed(0)}, Redis ${cpu.redis.toFixed(1)}; p50 ${p50.toFixed(1)} ms`,
    figures: { cpu, each },
  }
}
