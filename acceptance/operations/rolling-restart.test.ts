import { setTimeout as delay } from 'node:timers/promises'
import { spawnService, startWorld, type Person, type SpawnedService, type World } from '@viatra-chat/testkit'
import { afterEach, expect, test } from 'vitest'
import { listenerOf } from '../client/client-of.js'
import { findProgramOrSkip } from './find-program.js'
import { freePort } from './free-port.js'
import { startNginx } from './nginx.js'

let world: World
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  await world.close()
})

test('an upgrade, one process after the other under load, is noticed by nobody', { timeout: 120_000 }, async (context) => {
  const nginx = await findProgramOrSkip('nginx', context)
  world = await startWorld()
  const names = ['api', 'api', 'gateway', 'gateway'] as const
  const places = await Promise.all(names.map(async (name) => ({ name, port: await freePort() })))
  const running = new Map<number, SpawnedService>()
  const start = async ({ name, port }: (typeof places)[number]) =>
    void running.set(port, await spawnService(name, world, { PORT: String(port), GATEWAY_DRAIN_MS: '500' }))
  await Promise.all(places.map(start))
  cleanups.push(() => Promise.all([...running.values()].map((service) => service.stop())))
  const originPort = await freePort()
  const [api1 = '', api2 = '', gateway1 = '', gateway2 = ''] = places.map(({ port }) => `127.0.0.1:${port}`)
  const variables = { ORIGIN_PORT: String(originPort), API_1: api1, API_2: api2, GATEWAY_1: gateway1, GATEWAY_2: gateway2 }
  cleanups.push((await startNginx(nginx, variables)).stop)
  const url = `http://127.0.0.1:${originPort}`

  const { ann, bob, conversation } = await world.twoPeople()
  const [anns, bobs] = await Promise.all([ann, bob].map((person) => listenerOf(world, person, conversation, { url, socketUrl: url })))
  if (!anns || !bobs) throw new Error('nobody listens')
  let isOver = false
  const byRest = sendOn(ann, `${url}/api/v1/chat/conversations/${conversation.id}/messages`, () => isOver)
  const bySocket = sendThroughClient(bobs.client, conversation.id, () => isOver)

  for (const place of places) {
    expect(await running.get(place.port)?.stop()).toBe(0)
    await start(place)
  }
  isOver = true
  const rest = await byRest
  const sent = await bySocket
  console.log(
    `rolling restart: ${rest.length} sends over REST, ${sent.length} over sockets; first tries that failed: ${count(rest)}, slowest ${slowest(rest)} ms`,
  )

  const stored = (await world.database.query<{ content: string }>('select content from messages order by seq')).rows.map(
    ({ content }) => content,
  )
  expect(stored.toSorted()).toEqual([...rest.map(({ content }) => content), ...sent].toSorted())
  for (const listener of [anns, bobs]) await listener.hears(stored, 20_000)
  expect(rest.filter(({ tries }) => tries > 1)).toEqual([])
})

interface Sent {
  content: string
  tries: number
  ms: number
}

/** Sends one message after the other until it is over, each until it is stored, as an app does. */
async function sendOn({ token }: Person, url: string, isOver: () => boolean): Promise<Sent[]> {
  const sent: Sent[] = []
  while (!isOver()) {
    const content = `rest ${sent.length}`
    const startedAt = performance.now()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': content }
    let tries = 1
    while (!(await fetch(url, { method: 'POST', headers, body: JSON.stringify({ content }) })).ok) {
      tries++
      await delay(50)
    }
    sent.push({ content, tries, ms: Math.round(performance.now() - startedAt) })
    await delay(10)
  }
  return sent
}

async function sendThroughClient(client: Awaited<ReturnType<typeof listenerOf>>['client'], conversationId: string, isOver: () => boolean) {
  const sent: string[] = []
  while (!isOver()) {
    const content = `socket ${sent.length}`
    await client.send(conversationId, { content }).sent
    sent.push(content)
    await delay(10)
  }
  return sent
}

const count = (sent: readonly Sent[]) => sent.filter(({ tries }) => tries > 1).length
const slowest = (sent: readonly Sent[]) => Math.max(...sent.map(({ ms }) => ms))
