import type { Message } from '@viatra-chat/contract'
import { grantServiceRole, migrate } from '@viatra-chat/db'
import { startReplicatedPostgres, type ReplicatedPostgres } from '@viatra-chat/local/stores'
import {
  eventually,
  spawnApi,
  startTcpProxy,
  startWorld,
  type TcpProxy,
  type Person,
  type SpawnedService,
  type World,
} from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readMetrics, sumOf } from '../operations/read-metrics.js'

let postgres: ReplicatedPostgres
let world: World
let api: SpawnedService
let line: TcpProxy
beforeAll(async () => {
  postgres = await startReplicatedPostgres({ durable: false })
  world = await startWorld({ apis: 0, gateways: 0, schema: 'empty', postgresUrl: postgres.primary.url })
  const { username, password } = new URL(world.config.databaseUrl)
  await migrate(world.databaseUrl)
  await grantServiceRole(world.databaseUrl, { role: username, password })
  // What is cached would hide who was asked.
  const url = new URL(postgres.replicaUrl(world.config.databaseUrl))
  line = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  const throughLine = Object.assign(url, { port: String(line.port) }).href
  const env = { DATABASE_REPLICA_URL: throughLine, METRICS_PORT: '0', CHAT_CACHE: 'off' }
  api = await spawnApi(world, env)
  world.reach('api', api)
})
afterAll(async () => {
  await api.stop()
  await world.close()
  await line.close()
  await postgres.close()
})

/** Who answered how many of the reads that this makes. */
async function readsOf(read: () => Promise<unknown>): Promise<{ served: number; behind: number; failed: number }> {
  const before = await count()
  await read()
  const after = await count()
  return { served: after.served - before.served, behind: after.behind - before.behind, failed: after.failed - before.failed }
}

async function count() {
  const { metricsPort } = await api.says(({ msg }) => msg === 'the API is listening')
  const samples = await readMetrics(`http://127.0.0.1:${String(metricsPort)}/metrics`)
  const of = (result: string) => sumOf(samples, 'chat_replica_reads_total', { result })
  return { served: of('served'), behind: of('behind'), failed: of('failed') }
}

const byReplica = { served: 1, behind: 0, failed: 0 }
const byPrimary = { served: 0, behind: 1, failed: 0 }
const contentsOf = (messages: readonly Message[]) => messages.map(({ content }) => content)

/** Waits until the replica has what was written so far. */
const caughtUp = (read: () => Promise<unknown>) => eventually(async () => expect(await readsOf(read)).toEqual(byReplica))

test('history, by number and by message, and the list of conversations come from a replica that has caught up', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const sent = [await ann.send(conversation, 'one'), await ann.send(conversation, 'two')]
  await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [sent[0]?.id] })
  await caughtUp(() => ann.history(conversation))

  expect((await ann.history(conversation)).map(({ content, read_by }) => [content, read_by])).toEqual([
    ['two', [ann.id]],
    ['one', expect.arrayContaining([ann.id, bob.id])],
  ])
  for (const query of [`?before=${sent[1]?.id}`, `?after=${sent[0]?.id}`, '?page=2&limit=1'])
    expect(await readsOf(() => ann.history(conversation, query))).toEqual(byReplica)
  expect(await readsOf(() => bob.conversations())).toEqual(byReplica)
  expect(await bob.conversations()).toMatchObject([{ unread_count: 1, last_message: { content: 'two' } }])
  const unknown = await ann.rest('GET', `/api/v1/chat/conversations/${conversation.id}/messages?before=${conversation.id}`)
  expect(unknown.verdict).toBe('404 MESSAGE_NOT_FOUND')
})

describe('of a replica that stands still', () => {
  afterEach(() => postgres.onReplica('select pg_wal_replay_resume()'))

  async function behind() {
    const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, eve.id] })
    const sent = await ann.send(group, 'before')
    const untouched = await ann.create({ participant_ids: [bob.id] })
    await ann.send(untouched, 'long ago')
    await caughtUp(() => ann.history(group))
    await caughtUp(() => ann.history(untouched))
    await postgres.onReplica('select pg_wal_replay_pause()')
    return { ann, bob, eve, group, sent, untouched }
  }

  const changes: [
    what: string,
    change: (scene: Awaited<ReturnType<typeof behind>>) => Promise<unknown>,
    seen: (scene: Awaited<ReturnType<typeof behind>>) => Promise<void>,
  ][] = [
    [
      'a message that was sent',
      ({ ann, group }) => ann.send(group, 'now'),
      async ({ bob, group }) => expect(contentsOf(await bob.history(group))).toEqual(['now', 'before']),
    ],
    [
      'a message that was deleted',
      ({ ann, sent }) => ann.rest('DELETE', `/api/v1/chat/messages/${sent.id}`),
      async ({ bob, group }) => expect(contentsOf(await bob.history(group))).not.toContain('before'),
    ],
    [
      'a receipt',
      ({ bob, group, sent }) => bob.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [sent.id] }),
      async ({ ann, bob, group, sent }) => expect((await ann.history(group)).find(({ id }) => id === sent.id)?.read_by).toContain(bob.id),
    ],
    [
      'a new name',
      ({ ann, group }) => ann.rest('PATCH', `/api/v1/chat/conversations/${group.id}`, { metadata: { name: 'New' } }),
      async ({ ann, group }) => expect((await ann.conversations()).find(({ id }) => id === group.id)?.metadata).toEqual({ name: 'New' }),
    ],
  ]
  test.each(changes)('%s is seen at once, from the primary', async (_, change, seen) => {
    const scene = await behind()
    await change(scene)
    await seen(scene)
    expect(await readsOf(() => scene.ann.history(scene.group))).toEqual(byPrimary)
    expect(await readsOf(() => scene.ann.conversations())).toEqual(byPrimary)
  })

  test('nothing is read by who was removed', async () => {
    const { ann, eve, group } = await behind()
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${eve.id}`)
    expect((await eve.rest('GET', `/api/v1/chat/conversations/${group.id}/messages`)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect(await eve.conversations()).toEqual([])
  })

  test('receipts of one do not make up for those that another’s replica lacks', async () => {
    const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, eve.id] })
    const sent = await ann.send(group, 'hello')
    const read = (person: Person) => person.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [sent.id] })
    await read(bob)
    await caughtUp(() => ann.history(group))
    await postgres.onReplica('select pg_wal_replay_pause()')
    // As if Bob's mark had come to the replica and to nobody else, and Eve's to everybody else: the sum is the same.
    await read(eve)
    await world.database.query('update conversation_members set receipts_version = receipts_version - 1 where user_id = $1', [bob.id])
    expect(await readsOf(() => ann.history(group))).toEqual(byPrimary)
  })

  test('what has not changed since is still read there, by whoever was let in', async () => {
    const { ann, bob, untouched, group } = await behind()
    await ann.send(group, 'elsewhere')
    expect(await readsOf(() => bob.history(untouched))).toEqual(byReplica)
  })
})

test('one read waits for a replica that swallows everything, and no other one does until it answers again', async () => {
  const { ann, conversation } = await world.twoPeople()
  await ann.send(conversation, 'hello')
  await caughtUp(() => ann.history(conversation))
  line.mode('blackhole')
  const read = async () => expect(contentsOf(await ann.history(conversation))).toEqual(['hello'])
  expect(await readsOf(read)).toEqual({ served: 0, behind: 0, failed: 1 })
  const answered = await readsOf(async () => {
    for (let n = 0; n < 50; n++) await read()
  })
  expect(answered).toEqual({ served: 0, behind: 0, failed: 0 })
  line.mode('pass')
  await caughtUp(read)
})

test('a replica that is away, or that became a primary of its own, is not read', async () => {
  const { ann, conversation } = await world.twoPeople()
  await ann.send(conversation, 'hello')
  await caughtUp(() => ann.history(conversation))
  await postgres.stopReplica()
  for (let n = 0; n < 5; n++) expect(contentsOf(await ann.history(conversation))).toEqual(['hello'])
  await postgres.startReplica()
  await caughtUp(() => ann.history(conversation))

  await postgres.onReplica('select pg_promote()')
  expect(await readsOf(() => ann.history(conversation))).toEqual(byPrimary)
})
