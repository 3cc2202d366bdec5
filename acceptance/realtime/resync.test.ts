import type { Conversation, SyncPage } from '@viatra-chat/contract'
import {
  connect,
  eventually,
  hearOut,
  joinFrom,
  spawnGateway,
  startOwnRedis,
  startWorld,
  type Connection,
  type OwnRedis,
  type Person,
  type World,
} from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

let own: OwnRedis
let world: World
let ann: Person
let bob: Person
let cid: Person
let group: Conversation
beforeAll(async () => {
  own = await startOwnRedis()
  world = await startWorld({ gateways: 2, env: { REDIS_URL: own.url } })
})
afterAll(async () => {
  await world.close()
  await own.stop()
})
beforeEach(async () => {
  ;[ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
  group = await ann.create({ type: 'group', participant_ids: [bob.id] })
})

const interruptSubscriptions = () => own.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
const told = (connection: Connection) => connection.hears('resync', ({ reason }) => reason === 'subscription_interrupted')

/** A change of membership whose signal nobody hears. */
const removeUnheard = (who: Person) =>
  world.database.query('delete from conversation_members where conversation_id = $1 and user_id = $2', [group.id, who.id])
const addUnheard = (who: Person) =>
  world.database.query('insert into conversation_members (conversation_id, user_id) values ($1, $2)', [group.id, who.id])

test('when the subscription was interrupted, every socket of every gateway is told to sync, once, and hears on', async () => {
  const sockets = await Promise.all([joinFrom(ann, group, 0), joinFrom(bob, group, 1), cid.connect(1)])
  const { next } = (await bob.rest<SyncPage>('GET', '/api/v1/chat/sync')).data
  await interruptSubscriptions()
  const missed = await ann.send(group, 'published while nobody listened')
  await Promise.all(sockets.map(told))

  const after = await ann.send(group, 'heard again')
  const [, bobs] = sockets
  await bobs.hears('new_message', ({ id }) => id === after.id)
  const { messages } = (await bobs.get('sync', { since: next })) as Pick<SyncPage, 'messages'>
  expect(messages.map(({ id }) => id)).toEqual([missed.id, after.id])
  for (const socket of sockets) expect(socket.seen('resync')).toEqual([{ reason: 'subscription_interrupted' }])
})

test('nothing is heard by whoever was removed unheard, as soon as the subscription was interrupted', async () => {
  const direct = await ann.create({ participant_ids: [bob.id] })
  const sockets = await Promise.all([joinFrom(bob, group, 0), joinFrom(bob, group, 1), bob.connect(0)])
  const witness = await joinFrom(ann, group, 1)
  await removeUnheard(bob)
  await interruptSubscriptions()
  const told = Promise.all([...sockets, witness].map((socket) => socket.hears('resync')))
  let isTold = false
  void told.then(() => (isTold = true))
  while (!isTold) await ann.send(group, 'without Bob')
  const last = await ann.send(group, 'still without Bob')
  await witness.hears('new_message', ({ id }) => id === last.id)

  await hearOut(ann, direct, ...sockets)
  for (const socket of sockets) {
    expect(socket.told().map(([event]) => event)).toEqual(['resync'])
    expect(await socket.refused('typing_start', { conversationId: group.id })).toBe('NOT_A_PARTICIPANT')
  }
})

test('whoever was added unheard hears what follows', async () => {
  const cids = await cid.connect(1)
  await addUnheard(cid)
  await interruptSubscriptions()
  await told(cids)
  const message = await ann.send(group, 'hello Cid')
  await cids.hears('conversation_activity', ({ last_message }) => last_message?.id === message.id)
})

test('a process that was paused tells its sockets to sync', { timeout: 40_000 }, async () => {
  const gateway = await spawnGateway(world)
  try {
    const bobs = await connect(gateway.url, { token: bob.token })
    await bobs.get('join_conversation', { conversationId: group.id })
    gateway.signal('SIGSTOP')
    // The pause itself is what is tested: only one of more than 5 s counts as a stall.
    await new Promise((resolve) => setTimeout(resolve, 7500))
    expect(bobs.seen('resync')).toEqual([])
    gateway.signal('SIGCONT')
    await bobs.hears('resync', ({ reason }) => reason === 'stalled')
    const message = await ann.send(group, 'welcome back')
    await eventually(() => expect(bobs.seen('new_message').map(({ id }) => id)).toContain(message.id))
  } finally {
    await gateway.kill()
  }
})
