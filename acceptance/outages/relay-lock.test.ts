import { eventually, spawnApi, startTcpProxy, startWorld, type SpawnedService, type TcpProxy, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
let line: TcpProxy
let api: SpawnedService
beforeAll(async () => {
  world = await startWorld({ apis: 0, gateways: 0 })
  const url = new URL(world.config.redisUrl)
  line = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  api = await spawnApi(world, { REDIS_URL: Object.assign(url, { port: String(line.port) }).href })
  world.reach('api', api)
})
afterAll(async () => {
  await api.kill()
  await world.close()
  await line.close()
})

/** Whether a process is telling what was left: no other one may meanwhile. */
async function isLocked(): Promise<boolean> {
  const { rows } = await world.database.query<{ locked: boolean }>(
    `select exists (select 1 from pg_locks where locktype = 'advisory' and granted and objid = (hashtext('chat_outbox')::bigint & 4294967295)::oid
       and database = (select oid from pg_database where datname = current_database())) as locked`,
  )
  return rows[0]?.locked ?? false
}

test('a process whose Redis swallows everything lets others tell what is left', async () => {
  const { ann, conversation } = await world.twoPeople()
  line.mode('blackhole')
  await ann.send(conversation, 'hello')
  await eventually(async () => expect(await isLocked()).toBe(true))
  // PostgreSQL would end the transaction of one that hangs, after 10 s.
  await eventually(async () => expect(await isLocked()).toBe(false), 7000)
  line.mode('pass')
  await eventually(async () => expect((await world.database.query('select from outbox')).rowCount).toBe(0))
})
