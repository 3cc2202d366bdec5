import { residentBytes } from '../cpu.mjs'
import { cpuText, inTurns, latencyText, ms, rate, ratioOf, turnsOf } from '../figures.mjs'
import { asNodeComes } from '../variants.mjs'
import { withStand } from '../stand.mjs'
import { createSends, measureCalls } from './rest.mjs'
import { openLines } from './sends.mjs'

const base = 'as Node comes'
// Enough for V8 to take what a request makes for what lives on.
const callers = 512
const restMs = 3000
const rounds = 5

/** What the images tell V8 of its heap, beside V8 as it comes. */
export async function heap(stores) {
  return [...(await withStand(stores, 'heap', gateways)), ...(await withStand(stores, 'heap_rest', apis))]
}

async function gateways(stand) {
  const lines = await openLines(stand, { product: {}, [base]: asNodeComes })
  const saturated = await inTurns(
    turnsOf(lines, (line) => line.saturate()),
    rounds,
  )
  const perSecond = saturated.product.perSecond * 0.3
  const calm = await inTurns(
    turnsOf(lines, (line) => line.pace(perSecond)),
    rounds,
  )
  const memory = Object.entries(lines).map(([name, line]) => memoryText(name, line.gateways))
  return [
    speed('socket sends, saturated, of V8 as it comes', saturated, memory),
    {
      what: `p99 from send to receipt at ${rate(perSecond)}, of V8 as it comes`,
      product: ms(calm.product.p99),
      base: ms(calm[base].p99),
      ratio: ratioOf(calm, 'product', base, ({ p99 }) => p99),
      detail: `${latencyText(calm.product)}; ${base} ${latencyText(calm[base])}`,
      figures: calm,
    },
  ]
}

async function apis(stand) {
  const { calls } = await createSends(stand)
  const services = { product: await stand.start('api', 1), [base]: await stand.start('api', 1, asNodeComes) }
  const drivers = await stand.drivers()
  const run = ([service]) => measureCalls(stand, service, drivers, { calls, ms: restMs, connections: callers })
  for (const service of Object.values(services)) await run(service)
  const results = await inTurns(turnsOf(services, run), rounds)
  const memory = Object.entries(services).map(([name, service]) => memoryText(name, service))
  return [speed(`REST sends of ${callers} callers, of V8 as it comes`, results, memory)]
}

function speed(what, results, memory) {
  const { product } = results
  return {
    what,
    product: rate(product.perSecond),
    base: rate(results[base].perSecond),
    ratio: ratioOf(results, 'product', base, ({ perSecond }) => perSecond),
    detail: `${latencyText(product)}; ${base} ${latencyText(results[base])}; µs of CPU each: ${cpuText(product.cpu)}; ${base} ${cpuText(results[base].cpu)}; resident: ${memory.join(', ')}`,
    driverBusy: product.busy,
    figures: results,
  }
}

const memoryText = (name, services) =>
  `${name} ${services.map(({ pid }) => `${Math.round(residentBytes(pid) / 1024 ** 2)} MiB`).join(' and ')}`
