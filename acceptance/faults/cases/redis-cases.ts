import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { TcpProxy } from '@viatra-chat/testkit'
import { sayInEach, type FaultCase, type Scene } from './fault-case.js'

/** Of Redis and the lines to it. */
export const redisCases: readonly FaultCase[] = [
  {
    id: 'F20',
    title: 'the subscriptions of all gateways are cut, several times',
    async run({ cluster }) {
      for (let round = 0; round < 5; round++) {
        await cluster.stores.commands.client('KILL', 'TYPE', 'PUBSUB')
        await delay(300)
      }
    },
  },
  {
    id: 'F20b',
    title: 'the last words before a silence are said while the gateways, but not the APIs, are without Redis',
    quiet: true,
    run: (scene) => sayWithout(scene, scene.cluster.edges.gatewayRedis),
  },
  {
    id: 'F20c',
    wholeRunOnly: true,
    title: 'the gateways lose Redis for 1.5 s while the APIs keep it',
    run: ({ cluster }) => withoutLines([cluster.edges.gatewayRedis], 'refuse', 1500),
  },
  {
    id: 'F21',
    title: 'Redis dies and comes back empty',
    async run({ cluster }) {
      await cluster.stores.redis.crash()
      await cluster.stores.redis.isBack()
    },
  },
  {
    id: 'F22',
    wholeRunOnly: true,
    title: 'Redis is frozen for 2 s',
    run: ({ cluster, population }) =>
      population.history.holding(async () => {
        await cluster.stores.commands.client('PAUSE', 2000, 'ALL')
        await cluster.stores.commands.ping()
      }),
  },
  {
    id: 'F22b',
    wholeRunOnly: true,
    title: 'the lines to Redis swallow everything for 2 s',
    run: ({ cluster: { edges }, population }) =>
      population.history.holding(() => withoutLines([edges.apiRedis, edges.gatewayRedis], 'blackhole', 2000)),
  },
  {
    id: 'F24',
    wholeRunOnly: true,
    title: 'Redis is emptied, several times',
    async run({ cluster }) {
      for (let round = 0; round < 3; round++) {
        await cluster.stores.commands.flushall()
        await delay(300)
      }
    },
  },
  {
    id: 'F26',
    wholeRunOnly: true,
    title: 'garbage is published on the channels of the gateways',
    run: ({ cluster }) => publishGarbage(cluster.stores.commands),
  },
  {
    id: 'F29',
    wholeRunOnly: true,
    title: 'Redis is full and takes nothing any more for 1.5 s',
    async run({ cluster }) {
      await cluster.stores.commands.config('SET', 'maxmemory', '1mb')
      await delay(1500)
      await cluster.stores.commands.config('SET', 'maxmemory', '0')
    },
  },
  {
    id: 'F35',
    wholeRunOnly: true,
    title: 'the APIs lose Redis for 2 s',
    run: ({ cluster }) => withoutLines([cluster.edges.apiRedis], 'refuse', 2000),
  },
  {
    id: 'F35b',
    title: 'the last words before a silence are said while the APIs, but not the gateways, are without Redis',
    quiet: true,
    run: (scene) => sayWithout(scene, scene.cluster.edges.apiRedis),
  },
  {
    id: 'F39',
    wholeRunOnly: true,
    title: 'every cached page is overwritten with garbage, several times',
    async run({ cluster }) {
      for (let round = 0; round < 5; round++) {
        await poisonCache(cluster.stores.commands)
        await delay(200)
      }
    },
  },
]

export async function withoutLines(lines: readonly TcpProxy[], mode: 'refuse' | 'blackhole', forMs: number): Promise<void> {
  for (const line of lines) line.mode(mode)
  await delay(forMs)
  for (const line of lines) line.mode('pass')
}

async function sayWithout(scene: Scene, line: TcpProxy): Promise<void> {
  line.mode('refuse')
  await sayInEach(scene)
  line.mode('pass')
}

async function publishGarbage(commands: Redis): Promise<void> {
  const room = `conversation:${randomUUID()}`
  const garbage: [string, string | Buffer][] = [
    ['socket.io#/#', Buffer.from([0xc1])],
    ['socket.io#/#', randomBytes(1_000_000)],
    [`socket.io#/#${room}#`, randomBytes(100)],
    ['socket.io#/#', ''],
    ['socket.io-request#/#', '{'],
    ['socket.io-request#/#', '{"type":6,"data":["nothing of ours"]}'],
    ['socket.io-request#/#', '{"type":4,"opts":{"rooms":[]}}'],
    ['socket.io-response#/#', 'null'],
  ]
  for (const [channel, message] of garbage) {
    await commands.publish(channel, message)
    await delay(50)
  }
}

async function poisonCache(commands: Redis): Promise<void> {
  const values = ['{', 'null', '[]', '{"data":1}', '', '\u0000']
  const keys = (await Promise.all(['chat:conversation:*', 'chat:messages:*'].map((pattern) => commands.keys(pattern)))).flat()
  await Promise.all(keys.map((key, index) => commands.set(key, values[index % values.length] ?? '', 'EX', 60)))
}
