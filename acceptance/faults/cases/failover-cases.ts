import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { startRedis } from '@viatra-chat/local/stores'
import { Redis } from 'ioredis'
import { findFreePort } from '../cluster/find-free-port.js'
import { startSynchronousStandby } from '../cluster/synchronous-standby.js'
import { requireSoon } from '../until.js'
import { sayInEach, type FaultCase, type Scene } from './fault-case.js'

/** A store is lost and another server takes over. */
export const failoverCases: readonly FaultCase[] = [
  { id: 'F23', wholeRunOnly: true, title: 'Redis fails over to another server, and back', run: failOverRedis },
  { id: 'F48', wholeRunOnly: true, title: 'PostgreSQL is lost for good, and its synchronous standby takes over', run: failOverPostgres },
]

async function failOverRedis({ cluster: { stores } }: Scene): Promise<void> {
  const { at, url } = stores.redis
  const first = at.port
  const port = await findFreePort()
  const other = await startRedis({ dataDir: join(stores.folder, `redis-${port}`), port, durable: false })
  const [old, next] = [new Redis(url.href), new Redis(other.url)]
  try {
    // Clients keep the password that they were given.
    await next.config('SET', 'requirepass', url.password)
    await promote(stores.redis.at, old, port, url.password)
    await delay(800)
    await old.call('REPLICAOF', 'NO', 'ONE')
    await promote(stores.redis.at, next, first, url.password)
    await delay(300)
  } finally {
    at.port = first
    for (const connection of [old, next]) connection.disconnect()
    await other.stop()
  }
}

/** As a sentinel does: the old master obeys the new one and refuses writes; then its clients are sent away and find the new one. */
async function promote(at: { port: number }, old: Redis, port: number, password: string): Promise<void> {
  await old.config('SET', 'masterauth', password)
  await old.call('REPLICAOF', '127.0.0.1', String(port))
  await delay(300)
  at.port = port
  for (const type of ['NORMAL', 'PUBSUB']) await old.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')
}

async function failOverPostgres(scene: Scene): Promise<void> {
  const { database, postgres } = scene.cluster.stores
  const standby = await startSynchronousStandby(scene.cluster.stores)
  const { server: lost } = postgres
  // Each of these has an answer: it must be on the standby.
  await sayInEach(scene)
  postgres.crash()
  await standby.promote()
  postgres.server = standby.server
  postgres.at.port = standby.server.port
  const answers = () => database.query('insert into outbox (announcement) select null where false').then(() => true, () => false) // prettier-ignore
  await requireSoon(answers, 20_000, 'the standby did not take over')
  await lost.store.stop()
}
