import { cpuPerOperation } from '../cpu.mjs'
import { cpuText, inTurns, latencyText, percentiles, rate, ratioOf } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { asAsked } from '../variants.mjs'
import { withStand } from '../stand.mjs'

// Few callers wait for one batch all at once, and nobody is busy; of many, what is under way fills the heap. Each process is taken with the number that it does most with.
const callers = [128, 256, 512]
const measuredMs = 3000
// The ratio of one round differs from that of the next by a tenth.
const rounds = 5
// Shorter ones found both still compiling.
const warmUpMs = 8000
const content = 'Blood pressure 124/81, temperature 36.8, slept well. '.repeat(2)

/** REST sends beside bare Fastify, and into one hot conversation beside a thousand. */
export function rest(stores) {
  return withStand(stores, 'rest', async (stand) => {
    const { people, calls } = await createSends(stand)
    const [hot] = await createConversations(stand, [people])
    const [api] = await stand.start('api', 1, asAsked)
    const [bareApi] = await stand.start('bareApi', 1, { as: 'api' })
    const drivers = await stand.drivers()
    const hotCalls = people.map((person) => sendTo(hot, person))
    const run = (service, some, connections, forMs = measuredMs) =>
      measureCalls(stand, service, drivers, { calls: some, ms: forMs, connections })
    const atBest = (service, some) => async () => {
      const results = []
      for (const connections of callers) results.push(await run(service, some, connections))
      return bestOf(results)
    }
    // Code is compiled, statements are planned.
    for (const service of [api, bareApi])
      for (const connections of callers) await run(service, calls, connections, warmUpMs / callers.length)
    const results = await inTurns({ product: atBest(api, calls), hot: atBest(api, hotCalls), bare: atBest(bareApi, calls) }, rounds)
    return [
      row('REST sends, of bare Fastify', results, 'product', 'bare', 0.7),
      row('REST sends into one conversation, of those into 1,000', results, 'hot', 'product', 0.95),
    ]
  })
}

/** A thousand people and their sends, each to a conversation of its own. */
export async function createSends(stand) {
  const people = await createPeople(stand, 1000)
  const spread = await createConversations(
    stand,
    people.map((person, n) => [person, people[(n + 1) % people.length]]),
  )
  return { people, calls: people.map((person, n) => sendTo(spread[n], person)) }
}

/** The result with the most calls in a second, and how many it were with each number of callers. */
function bestOf(results) {
  const best = results.reduce((a, b) => (b.perSecond > a.perSecond ? b : a))
  return { ...best, withCallers: Object.fromEntries(callers.map((count, n) => [count, results[n].perSecond])) }
}

function row(what, results, name, base, min) {
  const { cpu, perSecond, busy } = results[name]
  return {
    what,
    product: rate(perSecond),
    base: rate(results[base].perSecond),
    ratio: ratioOf(results, name, base, (result) => result.perSecond),
    target: { min },
    detail: `${latencyText(results[name])}; µs of CPU each: ${cpuText(cpu)}; ${base} ${cpuText(results[base].cpu)}; ${callersText(name, results)}; ${callersText(base, results)}`,
    driverBusy: busy,
    figures: results,
  }
}

const callersText = (name, results) =>
  `${name} with ${callers.map((count) => `${count} callers ${rate(results[name].withCallers[count])}`).join(', ')}`

export const sendTo = (conversationId, { token }) => ({
  method: 'POST',
  path: `/api/v1/chat/conversations/${conversationId}/messages`,
  token,
  body: { message_type: 'text', content },
})

/** Calls of REST by callers that wait for their answers; throws when one was refused. */
export async function measureCalls(stand, service, drivers, { calls, ms: forMs, connections: callers, callsMax }) {
  await stand.settle()
  const before = stand.cpu([service], drivers)
  const [result] = await drivers.run('callInTurns', { urls: [service.url], connections: callers, ms: forMs, calls, callsMax })
  const [[status, text] = []] = Object.entries(result.failures)
  if (status) throw new Error(`${calls[0].method} ${calls[0].path}: ${status} ${text}`)
  const cpu = cpuPerOperation(before, stand.cpu([service], drivers), result.done)
  return { done: result.done, perSecond: (result.done / result.ms) * 1000, ...percentiles(result.times), cpu, busy: result.busy }
}
