import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createChatClient } from '@viatra-chat/client'
import type { Conversation, SyncPage } from '@viatra-chat/contract'
import { grantServiceRole, migrate } from '@viatra-chat/db'
import {
  eventually,
  joinFrom,
  spawnService,
  startFcmStandIn,
  startOwnRedis,
  startTcpProxy,
  startWorld,
  type Connection,
  type FcmStandIn,
  type Person,
  type SpawnedService,
  type TcpProxy,
  type World,
} from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findPreviousVersion } from './previous-version.js'

const previous = await findPreviousVersion()
// Vitest counts what was skipped and does not say why.
if (typeof previous === 'string') console.log(`The upgrade is not tried: ${previous}`)

// N is told that the version before still runs, as docs/operations.md says.
const envOfNew = { WIRE_VERSION: 'previous' }
// Like a process that dies after each commit: nothing that it writes is told by itself.
const mute = { REDIS_URL: 'redis://127.0.0.1:1' }

describe('an upgrade, N−1 and N side by side', () => {
  let world: World
  let fcm: FcmStandIn
  let fleet: Fleet
  let load: Load
  const everybody: SpawnedService[] = []
  const cleanups: (() => unknown)[] = []

  type Version = 'old' | 'new'
  interface Fleet {
    api: Record<Version, number>
    gateway: Record<Version, number>
    old: SpawnedService[]
  }

  async function start(version: Version, name: 'api' | 'gateway', env: Record<string, string> = withPushes()): Promise<SpawnedService> {
    if (typeof previous === 'string') throw new Error(previous)
    const folder = version === 'old' ? { folder: previous.folder(name) } : {}
    const versionEnv = version === 'old' ? {} : envOfNew
    const service = await spawnService(name, world, { ...versionEnv, ...env, GATEWAY_DRAIN_MS: '500' }, folder)
    cleanups.push(() => service.stop())
    if (env !== mute) everybody.push(service)
    return service
  }

  const withPushes = () => ({ ...fcm.env, PUSH_BADGE_UPDATES: 'off' })

  async function migrateTo(database: { migrate: typeof migrate; grantServiceRole: typeof grantServiceRole }): Promise<string[]> {
    const names = await database.migrate(world.databaseUrl)
    const { username, password } = new URL(world.config.databaseUrl)
    await database.grantServiceRole(world.databaseUrl, { role: username, password })
    return names
  }

  beforeAll(async () => {
    if (typeof previous === 'string') return
    fcm = await startFcmStandIn()
    cleanups.push(() => fcm.close())
    // Its own: what processes publish is heard in all databases of a Redis, and N−1 would hear the other test files.
    const redis = await startOwnRedis()
    cleanups.push(() => redis.stop())
    world = await startWorld({ apis: 0, gateways: 0, schema: 'empty', env: { REDIS_URL: redis.url } })
    cleanups.push(() => world.close())
    await migrateTo(previous.database)
    const [api, gateway] = await Promise.all([start('old', 'api'), start('old', 'gateway')])
    fleet = {
      api: { old: world.reach('api', api), new: -1 },
      gateway: { old: world.reach('gateway', gateway), new: -1 },
      old: [api, gateway],
    }
    load = await startLoad(world, { api, gateway })
    cleanups.push(load.close)
    await load.isUnderWay()
    const names = await migrateTo({ migrate, grantServiceRole })
    console.log(`upgrade from ${previous.commit.slice(0, 7)}: migrated ${names.join(', ') || 'nothing'} under load`)
    await load.isUnderWay()
  })
  afterAll(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  })
  beforeEach(({ skip }) => void (typeof previous === 'string' && skip(previous)))

  const through = (version: Version) => ({ api: fleet.api[version] })

  /** Two people with a conversation, each joined through the gateway of a version. */
  async function twoPeople(versions: { ann: Version; bob: Version }) {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const conversation = await ann.create({ participant_ids: [bob.id] }, through(versions.ann))
    const bobs = await joinFrom(bob, conversation, fleet.gateway[versions.bob])
    const anns = await joinFrom(ann, conversation, fleet.gateway[versions.ann])
    return { ann, bob, conversation, anns, bobs }
  }

  async function device(person: Person, version: Version): Promise<string> {
    const fcm_token = `device-${randomUUID()}`
    await person.rest('POST', '/api/v1/auth/fcm-token', { fcm_token }, through(version))
    return fcm_token
  }

  /** Exactly one push of each message, and none of them waits to be sent again. */
  const pushedOnce = (token: string, messages: readonly { id: string }[]) =>
    eventually(async () => {
      expect(fcm.acceptedBy(token).map(({ data }) => data?.['message_id'])).toEqual(messages.map(({ id }) => id))
      const { rowCount } = await world.database.query('select from push_jobs where fcm_token = $1 and message_id is not null', [token])
      expect(rowCount).toBe(0)
    })

  let ring: { ann: Person; token: string; conversation: Conversation; sent: { id: string }[] }

  test('N−1 works on the schema of N, down to a push that is sent once', async () => {
    const { ann, bob, conversation, anns, bobs } = await twoPeople({ ann: 'old', bob: 'old' })
    await talk({ ann, anns, bobs, conversation, bob, api: fleet.api.old })
    for (const connection of [anns, bobs]) connection.close()

    const cleo = await world.person('Cleo')
    const token = await device(cleo, 'old')
    const group = await ann.create({ participant_ids: [cleo.id] }, through('old'))
    ring = { ann, token, conversation: group, sent: [await ann.send(group, 'one', {}, through('old'))] }
    await pushedOnce(token, ring.sent)
  })

  test('what N wrote and could not tell is told by N−1', async () => {
    const api = await start('new', 'api', mute)
    await toldByOthers(world.reach('api', api), 'old')
    await api.stop()
  })

  test('N starts beside N−1, and people of both talk to each other', async () => {
    const [api, gateway] = await Promise.all([start('new', 'api'), start('new', 'gateway')])
    fleet.api.new = world.reach('api', api)
    fleet.gateway.new = world.reach('gateway', gateway)
    for (const versions of [
      { ann: 'old', bob: 'new' },
      { ann: 'new', bob: 'old' },
    ] as const) {
      const { ann, bob, conversation, anns, bobs } = await twoPeople(versions)
      await bobs.hears('user_online', ({ userId }) => userId === ann.id)
      await talk({ ann, anns, bobs, conversation, bob, api: fleet.api[versions.ann] })
      anns.close()
      await bobs.hears('user_offline', ({ userId }) => userId === ann.id)
      bobs.close()
    }
  })

  test.each([
    ['old', 'new'],
    ['new', 'old'],
  ] as const)('who is removed through the API of one is let hear nothing more by the gateway of the other: %s, %s', async (one, other) => {
    const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, eve.id] }, through(one))
    const [bobs, eves] = [await joinFrom(bob, group, fleet.gateway[other]), await joinFrom(eve, group, fleet.gateway[other])]
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${eve.id}`, undefined, through(one))
    await eves.hears('conversation_removed', ({ conversationId }) => conversationId === group.id)
    await ann.send(group, 'without Eve', {}, through(one))
    await bobs.hears('new_message', ({ content }) => content === 'without Eve')
    await eves.settled()
    expect(JSON.stringify(eves.heard)).not.toContain('without Eve')
    for (const connection of [bobs, eves]) connection.close()
  })

  test.each([
    ['old', 'new'],
    ['new', 'old'],
  ] as const)('a sync begun at one goes on at the other: %s, %s', async (one, other) => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const sync = async (version: Version, query: string) =>
      (await bob.rest<SyncPage>('GET', `/api/v1/chat/sync${query}`, undefined, through(version))).data
    const conversation = await ann.create({ participant_ids: [bob.id] }, through(one))
    const { next } = await sync(one, '')
    const sent = []
    for (const content of ['one', 'two', 'three']) sent.push(await ann.send(conversation, content, {}, through(other)))

    let page = await sync(other, `?since=${next}&limit=2`)
    const pages = [page]
    while (page.has_more) pages.push((page = await sync(pages.length % 2 === 0 ? other : one, `?since=${page.next}&limit=2`)))

    expect(pages.map(({ reset }) => reset)).not.toContain(true)
    // Whatever open transactions make come twice comes twice, and in order.
    expect([...new Set(pages.flatMap(({ messages }) => messages.map(({ id }) => id)))]).toEqual(sent.map(({ id }) => id))
  })

  test('workers of both share the pushes, and each is sent once', async () => {
    const { ann, token, conversation, sent } = ring
    for (const version of ['new', 'old'] as const) {
      sent.push(await ann.send(conversation, version, {}, through(version)))
      await pushedOnce(token, sent)
    }
  })

  test('N−1 leaves: what it could not tell is told by N, everything was stored once and heard once, and nothing was refused', async () => {
    await load.move({ api: world.apis[fleet.api.new] ?? '', gateway: world.gateways[fleet.gateway.new] ?? '' })
    const last = await start('old', 'api', mute)
    for (const service of fleet.old) expect(await service.stop()).toBe(0)
    await toldByOthers(world.reach('api', last), 'new')
    await last.stop()
    await load.isUnderWay()
    const { byRest, bySocket, heard } = await load.end()

    const { rows } = await world.database.query<{ content: string }>(
      'select content from messages where conversation_id = $1 order by seq',
      [load.conversation.id],
    )
    const stored = rows.map(({ content }) => content)
    expect(stored.toSorted()).toEqual([...byRest.map(({ content }) => content), ...bySocket].toSorted())
    for (const contents of heard) await eventually(() => expect(contents).toEqual(stored))
    expect(byRest.filter(({ refusal }) => refusal)).toEqual([])
    const complaints = everybody.flatMap(({ lines }) => lines.filter(({ level }) => level === 'error' || level === 'warn'))
    expect(complaints).toEqual([])
    console.log(`upgrade: ${byRest.length} sends over REST, ${bySocket.length} over a socket`)
  })

  /** What is done through an API that cannot tell it: Bob hears it at the gateway of a version, once, from the processes of that version. */
  async function toldByOthers(api: number, version: Version): Promise<void> {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] }, through(version))
    const [first, second] = [await ann.send(group, '1', {}, through(version)), await ann.send(group, '2', {}, through(version))]
    const bobs = await joinFrom(bob, group, fleet.gateway[version])

    const third = await ann.send(group, '3', {}, { api })
    await bob.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [first.id] }, { api })
    await ann.rest('DELETE', `/api/v1/chat/messages/${second.id}`, undefined, { api })
    const another = await ann.create({ type: 'group', participant_ids: [bob.id] }, { api })

    await bobs.hears('conversation_created', ({ id }) => id === another.id)
    await eventually(async () => expect((await world.database.query('select from outbox')).rowCount).toBe(0))
    const told = bobs.told().filter(([event]) => event !== 'conversation_activity')
    expect(told).toMatchObject([
      ['new_message', { id: third.id }],
      ['message_read', { messageId: first.id, userId: bob.id }],
      ['message_deleted', { messageId: second.id }],
      ['conversation_created', { id: another.id }],
    ])
    bobs.close()
  }
})

interface Scene {
  ann: Person
  bob: Person
  anns: Connection
  bobs: Connection
  conversation: { id: string }
  api: number
}

/** Ann types, sends and deletes; Bob reads. Each hears of the other exactly that, without any repair. */
async function talk({ ann, bob, anns, bobs, conversation, api }: Scene): Promise<void> {
  const conversationId = conversation.id
  await anns.get('typing_start', { conversationId })
  await bobs.hears('user_typing')
  const { id } = (await anns.get('send_message', { conversationId, content: 'hello' })) as { id: string }
  await bobs.hears('new_message')
  await bobs.get('mark_read', { conversationId, messageIds: [id] })
  await anns.hears('message_read')
  await ann.rest('DELETE', `/api/v1/chat/messages/${id}`, undefined, { api })
  for (const connection of [anns, bobs]) await connection.hears('message_deleted')
  const end = await ann.send(conversation, 'end', {}, { api })
  for (const connection of [anns, bobs]) await connection.hears('new_message', (message) => message.id === end.id)
  // That somebody types no longer is told on the side, at no certain place among the others.
  await bobs.hears('user_typing', ({ isTyping }) => !isTyping)
  for (const connection of [anns, bobs]) {
    const told = connection.told().map(([event]) => event)
    expect(told.filter((event) => event !== 'user_typing')).toEqual(['new_message', 'message_read', 'message_deleted', 'new_message'])
  }
  expect([anns, bobs].map((connection) => connection.seen('user_typing').map(({ isTyping }) => isTyping))).toEqual([[], [true, false]])
  expect(anns.seen('message_read')).toMatchObject([{ messageId: id, userId: bob.id }])
}

// Enough to fall into every moment of the upgrade: the drill is about what happens, not about how much is borne.
const sendEveryMs = 250

interface Places<T> {
  api: T
  gateway: T
}

interface Load {
  conversation: Conversation
  /** Resolves when something more was sent over each transport. */
  isUnderWay(): Promise<void>
  /** New connections go elsewhere from now on. */
  move(urls: Places<string>): Promise<void>
  end(): Promise<{ byRest: Sent[]; bySocket: string[]; heard: (string | null)[][] }>
  close(): Promise<void>
}

interface Sent {
  content: string
  refusal?: string
}

/** Two people who write to each other all the time, one over REST and one over a socket, through an origin that can be pointed elsewhere. */
async function startLoad(world: World, services: Places<{ url: string }>): Promise<Load> {
  const targets = { api: toTarget(services.api.url), gateway: toTarget(services.gateway.url) }
  const proxies = { api: await startTcpProxy(targets.api), gateway: await startTcpProxy(targets.gateway) }
  const { ann, bob, conversation } = await world.twoPeople()
  const urls = { url: urlOf(proxies.api), socketUrl: urlOf(proxies.gateway) }
  const listeners = [ann, bob].map((person) => {
    const heard: (string | null)[] = []
    const client = createChatClient({ ...urls, getToken: () => person.token, backOff: { firstMs: 100, maxMs: 1000 } })
    client.on('message', ({ content }) => heard.push(content))
    return { client, heard }
  })
  for (const { client } of listeners) {
    client.connect()
    await client.join(conversation.id)
  }
  const [, bobs] = listeners
  const byRest: Sent[] = []
  const bySocket: string[] = []
  let isOver = false
  const loops = [
    repeatUntil(async () => void byRest.push(await sendOnce(ann, urls.url, conversation, `rest ${byRest.length}`))),
    repeatUntil(async () => {
      const content = `socket ${bySocket.length}`
      await bobs?.client.send(conversation.id, { content }).sent
      bySocket.push(content)
    }),
  ]

  async function repeatUntil(send: () => Promise<void>): Promise<void> {
    while (!isOver) {
      await send()
      await delay(sendEveryMs)
    }
  }

  async function isUnderWay(): Promise<void> {
    const before = [byRest.length, bySocket.length]
    await eventually(() => expect([byRest, bySocket].every((sent, i) => sent.length > (before[i] ?? 0) + 3)).toBe(true))
  }

  return {
    conversation,
    isUnderWay,
    async move(next) {
      Object.assign(targets.api, toTarget(next.api))
      Object.assign(targets.gateway, toTarget(next.gateway))
      await isUnderWay()
    },
    async end() {
      isOver = true
      await Promise.all(loops)
      return { byRest, bySocket, heard: listeners.map(({ heard }) => heard) }
    },
    async close() {
      isOver = true
      for (const { client } of listeners) client.close()
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()))
    },
  }
}

/** Once, without a second try, and on a connection of its own: what is refused was refused. */
async function sendOnce({ token }: Person, url: string, { id }: Conversation, content: string): Promise<Sent> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': content, connection: 'close' }
  const request = { method: 'POST', headers, body: JSON.stringify({ content }) }
  const answer = await fetch(`${url}/api/v1/chat/conversations/${id}/messages`, request).catch((error: unknown) => String(error))
  if (typeof answer === 'string') return { content, refusal: answer }
  return answer.status === 201 ? { content } : { content, refusal: `${answer.status} ${await answer.text()}` }
}

const urlOf = ({ port }: TcpProxy) => `http://127.0.0.1:${port}`

function toTarget(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
