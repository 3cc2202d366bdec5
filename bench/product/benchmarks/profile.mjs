import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createConversations, createPeople } from '../population.mjs'
import { withStand } from '../stand.mjs'
import { profiled } from '../variants.mjs'
import { measureCalls, sendTo } from './rest.mjs'
import { openLines } from './sends.mjs'

const folder = fileURLToPath(new URL('../../results/', import.meta.url))
const shown = 30
const measuredMs = 5000

/** Where a gateway and an API spend their time under saturated sends, by function; written to `bench/results/send-path-profile.md`. */
export async function profile(stores) {
  const scratch = await mkdtemp(join(tmpdir(), 'viatra-profile-'))
  const path = join(scratch, 'profile')
  const gateway = await withStand(stores, 'profile_gateway', (stand) => profileGateway(stand, path))
  const api = await withStand(stores, 'profile_api', (stand) => profileApi(stand, path))
  await rm(scratch, { recursive: true })
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}send-path-profile.md`, [markdown('a gateway', gateway), markdown('an API', api)].join('\n'))
  return [...outcomes('gateway', gateway), ...outcomes('API', api)]
}

async function profileGateway(stand, path) {
  const { product } = await openLines(stand, { product: profiled(path) })
  return whileSending(product.gateways[0], path, () => product.saturate(measuredMs))
}

async function profileApi(stand, path) {
  const people = await createPeople(stand, 200)
  const pairs = people.map((person, n) => [person, people[(n + 1) % people.length]])
  const calls = (await createConversations(stand, pairs)).map((id, n) => sendTo(id, people[n]))
  const [api] = await stand.start('api', 1, profiled(path))
  const drivers = await stand.drivers()
  const send = (ms) => measureCalls(stand, api, drivers, { calls, ms, connections: 64 })
  await send(1500)
  return whileSending(api, path, () => send(measuredMs))
}

async function whileSending({ pid }, path, send) {
  process.kill(pid, 'SIGCONT')
  await send()
  process.kill(pid, 'SIGCONT')
  return byFunction(JSON.parse(await readWhenThere(`${path}-${pid}`)))
}

async function readWhenThere(path) {
  for (let tries = 0; ; tries++) {
    const text = await readFile(path, 'utf8').catch(() => '')
    // Written in one go, but not in no time.
    if (text.endsWith('}')) return text
    if (tries > 100) throw new Error('the profiler did not answer')
    await delay(100)
  }
}

/** Own time of each function, as a share of the time in which anything ran. */
function byFunction({ nodes, samples, timeDeltas }) {
  const own = new Map()
  samples.forEach((id, i) => own.set(id, (own.get(id) ?? 0) + timeDeltas[i]))
  const byName = new Map()
  let total = 0
  for (const { id, callFrame } of nodes) {
    if (callFrame.functionName === '(idle)' || callFrame.functionName === '(root)') continue
    const time = own.get(id) ?? 0
    total += time
    byName.set(nameOf(callFrame), (byName.get(nameOf(callFrame)) ?? 0) + time)
  }
  return [...byName].map(([name, time]) => ({ name, share: time / total })).sort((a, b) => b.share - a.share)
}

function nameOf({ functionName, url, lineNumber }) {
  const place = url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(packages|services)\//, '$1/')
  return `${functionName || '(anonymous)'}${place && ` ${place}:${lineNumber + 1}`}`
}

const percent = (share) => `${(share * 100).toFixed(1)} %`
const outcomes = (of, rows) => rows.slice(0, 10).map(({ name, share }) => ({ what: `${of}: ${name}`, product: percent(share) }))

function markdown(what, rows) {
  const lines = rows.slice(0, shown).map(({ name, share }, i) => `| ${i + 1} | ${percent(share)} | \`${name}\` |`)
  return `# CPU profile of ${what} under saturated sends\n\nOwn time of functions, as shares of the time in which anything ran. Written by \`pnpm bench profile\`.\n\n| | share | function |\n|---|---|---|\n${lines.join('\n')}\n`
}
