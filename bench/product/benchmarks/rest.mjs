import { cpuPerOperation } from '../cpu.mjs'
import { cpuText, inTurns, ms, percentiles, rate, ratioOf } from '../figures.mjs'
import { createConversations, createPeople } from '../population.mjs'
import { asAsked } from '../variants.mjs'
import { withStand } from '../stand.mjs'

// With fewer, all wait for one batch at once, and neither the product nor the bare API is busy.
const connections = 128
const measuredMs = 3000
// The ratio of one round differs from that of the next by a tenth.
const rounds = 7
// Shorter ones found both still compiling.
const warmUpMs = 8000
const content = 'Blood pressure 124/81, temperature 36.8, slept well. '.repeat(2)

/** REST sends beside bare Fastify, and into one hot conversation beside a thousand. */
export function rest(stores) {
  return withStand(stores, 'rest', async (stand) => {
    const people = await createPeople(stand, 1000)
    const spread = await createConversations(
      stand,
      people.map((person, n) => [person, people[(n + 1) % people.length]]),
    )
    const [hot] = await createConversations(stand, [people])
    const [api] = await stand.start('api', 1, asAsked)
    const [bareApi] = await stand.start('bareApi', 1, { as: 'api' })
    const drivers = await stand.drivers()
    const calls = people.map((person, n) => sendTo(spread[n], person))
    const hotCalls = people.map((person) => sendTo(hot, person))
    const run = (service, some, forMs = measuredMs) => measureCalls(stand, service, drivers, { calls: some, ms: forMs, connections })
    // Code is compiled, statements are planned.
    await run(api, calls, warmUpMs)
    await run(bareApi, calls, warmUpMs)
    const turns = { product: () => run(api, calls), hot: () => run(api, hotCalls), bare: () => run(bareApi, calls) }
    const results = await inTurns(turns, rounds)
    return [
      row('REST sends, of bare Fastify', results, 'product', 'bare', 0.7),
      row('REST sends into one conversation, of those into 1,000', results, 'hot', 'product', 0.95),
    ]
  })
}

function row(what, results, name, base, min) {
  const { p50, p99, cpu, perSecond, busy } = results[name]
  return {
    what,
    product: rate(perSecond),
    base: rate(results[base].perSecond),
    ratio: ratioOf(results, name, base, (result) => result.perSecond),
    target: { min },
    detail: `p50 ${ms(p50)}, p99 ${ms(p99)}; µs of CPU each: ${cpuText(cpu)}; ${base} ${cpuText(results[base].cpu)}`,
    driverBusy: busy,
    figures: results,
  }
}

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
