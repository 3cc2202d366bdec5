import { connect, eventually, spawnGateway, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readMetrics, sumOf } from '../operations/read-metrics.js'
import { openHttp } from './raw-http.js'

// Connections are bounded: those of one person over all gateways, those of one gateway by what it bears.

const perPerson = 4
let world: World
const open: Connection[] = []
beforeAll(async () => {
  world = await startWorld({ gateways: 2, env: { SOCKET_CONNECTIONS_PER_USER: String(perPerson) } })
})
afterAll(() => world.close())
afterEach(() => open.splice(0).forEach((connection) => connection.close()))

async function opened(who: Person, gateway: number): Promise<Connection> {
  const connection = await who.connect(gateway)
  open.push(connection)
  return connection
}

/** On both gateways in turns, each known to Redis before the next. */
async function openSome(who: Person, count: number): Promise<Connection[]> {
  const connections: Connection[] = []
  for (let n = 0; n < count; n++) {
    connections.push(await opened(who, n % 2))
    await eventually(async () => expect(await registered(who)).toBe(Math.min(perPerson, n + 1)))
  }
  return connections
}

const registered = (who: Person) => world.redis.zcard(`presence:sockets:${who.id}`)
const why = [['error', { code: 'RATE_LIMITED', message: `Only ${perPerson} connections of one person are kept.`, event: null }]]

async function areServed(connections: readonly Connection[]): Promise<void> {
  for (const connection of connections) await connection.get('sync')
}

describe('of the connections of one person over all gateways', () => {
  test('the oldest end, wherever they are, and are told why', async () => {
    const ann = await world.person('Ann')
    const [first, second, ...kept] = await openSome(ann, perPerson + 2)
    for (const ended of [first, second]) {
      await ended?.ended()
      expect(ended?.told()).toEqual(why)
    }
    await areServed(kept)
  })

  test('those that are closed make room, and others are not counted', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const connections = await openSome(ann, perPerson)
    const others = await openSome(bob, perPerson)
    connections[0]?.close()
    connections[1]?.close()
    await eventually(async () => expect(await registered(ann)).toBe(perPerson - 2))
    const more = [await opened(ann, 1), await opened(ann, 1)]
    await eventually(async () => expect(await registered(ann)).toBe(perPerson))
    await areServed([...connections.slice(2), ...more, ...others])
  })

  test('no more stay than are allowed, however many come at once', async () => {
    const ann = await world.person('Ann')
    const connections = await Promise.all(Array.from({ length: 16 }, (_, n) => opened(ann, n % 2)))
    await eventually(() => expect(connections.filter(({ socket }) => socket.connected)).toHaveLength(perPerson))
    expect(await registered(ann)).toBe(perPerson)
  })

  test('those of a gateway that died make room once its lease has ended', async () => {
    const ann = await world.person('Ann')
    const dying = await spawnGateway(world, { SOCKET_CONNECTIONS_PER_USER: String(perPerson) })
    const { gatewayId } = await dying.says((line) => typeof line['gatewayId'] === 'string')
    const lost = await Promise.all(Array.from({ length: perPerson - 1 }, () => connect(dying.url, { token: ann.token })))
    await eventually(async () => expect(await registered(ann)).toBe(perPerson - 1))
    await dying.kill()
    for (const connection of lost) await connection.ended()
    // As when fifteen seconds have passed.
    await world.redis.zadd('presence:gateways', 0, String(gatewayId))
    const connections = await Promise.all(Array.from({ length: perPerson }, (_, n) => opened(ann, n % 2)))
    await eventually(async () => expect(await registered(ann)).toBe(perPerson))
    await areServed(connections)
  })

  test('are counted again after Redis was emptied', async () => {
    const ann = await world.person('Ann')
    const [first, ...rest] = await openSome(ann, perPerson)
    await world.redis.flushdb()
    await eventually(async () => expect(await registered(ann)).toBe(perPerson))
    rest.push(await opened(ann, 1))
    await first?.ended()
    await areServed(rest)
  })
})

describe('a gateway that has as many connections as it bears', () => {
  const handshake = (transport: string) => [
    `GET /socket.io/?EIO=4&transport=${transport} HTTP/1.1`,
    'Host: localhost',
    ...(transport === 'websocket'
      ? ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
      : []),
    '\r\n',
  ]

  test.each(['websocket', 'polling'] as const)(
    'answers a handshake over %s with 503, and serves those who are there',
    async (transport) => {
      const ann = await world.person('Ann')
      const small = await world.startGateway({
        socket: { ...world.config.socket, connectionsPerUserMax: 100, connectionsMax: 3, transports: ['websocket', 'polling'] },
        metricsPort: 0,
      })
      try {
        const connections = [await connect(small.url, { token: ann.token }), await connect(small.url, { token: ann.token })]
        connections.push(await connect(small.url, { token: ann.token }))
        const late = await openHttp(small.url)
        late.write(handshake(transport).join('\r\n'))
        const answer = await late.closed()
        expect(answer).toMatch(/^HTTP\/1\.1 503 .*\r\n/)
        expect(answer).toMatch(/\r\nRetry-After: 5\r\n/)
        expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ success: false, code: 'UNAVAILABLE', retry_after: 5 })
        await expect(connect(small.url, { token: ann.token })).rejects.toThrow()
        await areServed(connections)
        expect((await fetch(`${small.url}/healthz`)).status).toBe(200)
        const samples = await readMetrics(`http://127.0.0.1:${small.metricsPort}/metrics`)
        expect(sumOf(samples, 'chat_gateway_turned_away_total', { reason: 'full' })).toBe(2)

        connections.pop()?.close()
        connections.push(await eventually(() => connect(small.url, { token: ann.token })))
        await areServed(connections)
        connections.forEach((connection) => connection.close())
      } finally {
        await small.stop()
      }
    },
  )
})
