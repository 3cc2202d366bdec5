import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { requireSoon } from '../until.js'
import { requireTrue, type FaultCase, type Scene } from './fault-case.js'
import { converse, pairOfStrangers } from './strangers.js'

/** Of what is told once and not stored: typing and presence, and of what they and the cache ask of Redis. */
export const ephemeralCases: readonly FaultCase[] = [
  { id: 'F25', wholeRunOnly: true, title: 'Redis dies while people type, come and go', run: crashAmidTyping },
  { id: 'F28', wholeRunOnly: true, title: 'somebody types while the gateways are without Redis', run: typeWithoutRedis },
  { id: 'F30', wholeRunOnly: true, title: 'nothing that people do looks through all keys of Redis', run: watchCommands },
]

async function crashAmidTyping(scene: Scene): Promise<void> {
  const { stores } = scene.cluster
  const { ann, conversationId } = await pairOfStrangers(scene)
  const typist = await ann.connect()
  await typist.get('join_conversation', { conversationId })
  const timer = setInterval(() => {
    typist.socket.emit('typing_start', { conversationId })
    typist.socket.emit('typing_stop', { conversationId })
    void ann.connect().then((passing) => passing.close(), () => undefined) // prettier-ignore
  }, 60)
  try {
    await stores.redis.crash()
    await stores.redis.isBack()
    await delay(200)
  } finally {
    clearInterval(timer)
    typist.close()
  }
}

const typedForMs = 1500

async function typeWithoutRedis(scene: Scene): Promise<void> {
  const { cluster, random } = scene
  const { ann, bob, conversationId } = await pairOfStrangers(scene)
  const another = await converse(ann, [bob])
  const [first, second] = random.shuffled(cluster.gateways)
  const [typist, reader] = [await ann.connect(first?.url), await bob.connect(second?.url)]
  const both = [conversationId, another].flatMap((id) => [typist, reader].map((connection) => [connection, id] as const))
  for (const [connection, id] of both) await connection.get('join_conversation', { conversationId: id })
  cluster.edges.gatewayRedis.mode('refuse')
  const until = performance.now() + typedForMs
  while (performance.now() < until) {
    typist.socket.emit('typing_start', { conversationId })
    await delay(20)
  }
  cluster.edges.gatewayRedis.mode('pass')
  // What had been kept back would come before this, which takes the same way.
  const typed = (id: string) => reader.seen('user_typing').filter((typing) => typing.isTyping && typing.conversationId === id)
  const isHeardAgain = () => {
    typist.socket.emit('typing_start', { conversationId: another })
    return typed(another).length > 0
  }
  await requireSoon(isHeardAgain, 20_000, 'typing was not heard after Redis was back').catch((error: unknown) => {
    const ends = [typist, reader].map(({ socket }) => (socket.connected ? 'connected' : 'disconnected'))
    throw new Error(`${String(error)}: the typist is ${ends[0]}, the reader ${ends[1]}`)
  })
  const stale = typed(conversationId).length
  requireTrue(stale === 0, `typing of an outage was told ${stale} times after it`)
  for (const connection of [typist, reader]) connection.close()
}

const watchedForMs = 1500

async function watchCommands({ cluster: { stores } }: Scene): Promise<void> {
  await stores.commands.config('RESETSTAT')
  await delay(watchedForMs)
  const counts = await countCommands(stores.commands)
  requireTrue((counts.get('publish') ?? 0) > 0, 'Redis counted nothing')
  const slow = ['keys', 'flushall', 'flushdb', 'monitor'].filter((name) => counts.has(name))
  requireTrue(slow.length === 0, `the services sent ${slow.join(', ')} to Redis`)
}

/** How often each command was run since the counters were set to zero. */
async function countCommands(commands: Redis): Promise<Map<string, number>> {
  const text = await commands.info('commandstats')
  return new Map([...text.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name = '', calls]) => [name, Number(calls)]))
}
