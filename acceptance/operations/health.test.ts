import { connect, eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterEach, describe, expect, test } from 'vitest'

const nobodyListens = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' }

let world: World
afterEach(() => world.close())

describe.each<[string, { DATABASE_URL?: string; REDIS_URL?: string }, { api: number; gateway: number }]>([
  ['everything is there', {}, { api: 200, gateway: 200 }],
  ['PostgreSQL is away', { DATABASE_URL: nobodyListens.DATABASE_URL }, { api: 503, gateway: 503 }],
  // Without Redis the API loses nothing but live events; a gateway would have clients who hear nothing.
  ['Redis is away', { REDIS_URL: nobodyListens.REDIS_URL }, { api: 200, gateway: 503 }],
])('while %s', (_what, env, ready) => {
  test('both live, and each says whether it may be sent anything, and why not', async () => {
    world = await startWorld({ env })
    const [api = '', gateway = ''] = [world.apis[0], world.gateways[0]]
    for (const url of [api, gateway]) expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const states = { database: env.DATABASE_URL ? 'down' : 'up', redis: env.REDIS_URL ? 'down' : 'up' }
    for (const [url, status] of [
      [api, ready.api],
      [gateway, ready.gateway],
    ] as const) {
      const answer = await fetch(`${url}/readyz`)
      expect(answer.status).toBe(status)
      expect(await answer.json()).toMatchObject({ checks: states })
    }
  })
})

test('a gateway that drains lets nobody in, and says so to Prometheus', async () => {
  world = await startWorld()
  const leaving = await world.startGateway({ gatewayDrainMs: 3000, metricsPort: 0 })
  const ann = await world.person('Ann')
  const connections = await Promise.all(Array.from({ length: 5 }, () => connect(leaving.url, { token: ann.token })))
  const stopping = leaving.stop()
  await eventually(async () => {
    const page = await (await fetch(`http://127.0.0.1:${leaving.metricsPort}/metrics`)).text()
    expect(page).toMatch(/^chat_gateway_draining\{.*\} 1$/m)
  })
  await expect(fetch(`${leaving.url}/readyz`)).rejects.toThrow()
  await stopping
  for (const connection of connections) connection.close()
})
