import { eventually, startOwnRedis, startTcpProxy, startWorld, type TcpProxy, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { clientOf, listenerOf, upTo } from './client-of.js'

let world: World
let proxy: TcpProxy
let proxied: { socketUrl: string }
beforeAll(async () => {
  world = await startWorld({ gateways: 2, apis: 2 })
  proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(world.gateways[0] ?? '').port) })
  proxied = { socketUrl: `http://127.0.0.1:${proxy.port}` }
})
afterAll(async () => {
  await proxy.close()
  await world.close()
})
beforeEach(() => proxy.mode('pass'))

test('an event that was lost on the way is noticed by the next one, and its message comes in its place', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const bobs = await listenerOf(world, bob, conversation, proxied)
  await ann.send(conversation, 'one')
  await bobs.hears(['one'])
  proxy.swallowAnswer((bytes) => bytes.includes('two'))
  await ann.send(conversation, 'two')
  await ann.send(conversation, 'three')
  await bobs.hears(['one', 'two', 'three'])
  expect(bobs.told('state')).toEqual(['connecting', 'online'])
})

test('a lost event that nothing follows is found by the next check', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const bobs = await listenerOf(world, bob, conversation, { ...proxied, syncEveryMs: 300 })
  proxy.swallowAnswer((bytes) => bytes.includes('unheard'))
  await ann.send(conversation, 'unheard')
  await bobs.hears(['unheard'])
})

test('what was published while the gateways heard nothing comes when they say so', async () => {
  const own = await startOwnRedis()
  const elsewhere = await startWorld({ gateways: 2, env: { REDIS_URL: own.url } })
  onTestFinished(async () => {
    await elsewhere.close()
    await own.stop()
  })
  const { ann, bob, conversation } = await elsewhere.twoPeople()
  const bobs = await listenerOf(elsewhere, bob, conversation, { syncEveryMs: 0 })
  await ann.send(conversation, 'heard')
  await bobs.hears(['heard'])
  await own.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await ann.send(conversation, 'unheard')
  await bobs.hears(['heard', 'unheard'])
  expect(bobs.told('state')).toEqual(['connecting', 'online'])
})

test('what was deleted while one was not joined is told to an application that kept it and joins later', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const [deleted, kept] = [await ann.send(conversation, 'deleted'), await ann.send(conversation, 'kept')]
  const save = vi.fn()
  const bobs = clientOf(world, bob, { syncEveryMs: 0, storage: { load: () => undefined, save } })
  bobs.client.connect()
  await eventually(() => expect(save).toHaveBeenLastCalledWith({ queue: [], syncToken: expect.any(String) }))
  await ann.rest('DELETE', `/api/v1/chat/messages/${deleted.id}`)
  await bobs.client.join(conversation.id, { afterSeq: kept.seq })
  await eventually(() => expect(bobs.told('message_deleted')).toMatchObject([{ messageId: deleted.id }]))
})

test('after an absence everything that was missed comes once and in order, and the rest of the news with it', async () => {
  const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
  const [joined, other, left] = await Promise.all([
    ann.create({ type: 'group', participant_ids: [bob.id, cid.id] }),
    ann.create({ participant_ids: [bob.id] }),
    ann.create({ type: 'group', participant_ids: [bob.id] }),
  ])
  const save = vi.fn()
  const bobs = await listenerOf(world, bob, joined, { ...proxied, storage: { load: () => undefined, save } })
  // The absence begins after the first sync, which says where the next one begins.
  await eventually(() => expect(save).toHaveBeenLastCalledWith({ queue: [], syncToken: expect.any(String) }))
  const before = await ann.send(joined, 'before')
  await bobs.hears(['before'])

  proxy.mode('refuse')
  await bobs.becomes('offline')
  for (const content of upTo(220)) await ann.send(joined, content)
  const gone = await ann.send(joined, 'gone')
  await ann.rest('DELETE', `/api/v1/chat/messages/${gone.id}`)
  await ann.rest('DELETE', `/api/v1/chat/messages/${before.id}`)
  await ann.send(other, 'elsewhere')
  await ann.rest('DELETE', `/api/v1/chat/conversations/${left.id}/participants/${bob.id}`)
  await cid.rest('POST', `/api/v1/chat/conversations/${joined.id}/read`, { message_ids: [gone.id, before.id] })
  proxy.mode('pass')

  await bobs.hears(['before', ...upTo(220)])
  await ann.send(joined, 'after')
  await bobs.hears(['before', ...upTo(220), 'after'])
  expect(bobs.told('message_deleted')).toMatchObject([{ messageId: before.id }])
  expect(bobs.told('conversation')).toContainEqual(
    expect.objectContaining({
      kind: 'activity',
      conversationId: other.id,
      last_message: expect.objectContaining({ content: 'elsewhere' }),
    }),
  )
  expect(bobs.told('conversation_removed')).toContainEqual({ conversationId: left.id })
  expect(bobs.told('reset')).toEqual([])
})

test.each([
  ['was away for too long', (token: string) => token.replace(/^\S+/, '00000000-0000-4000-8000-000000000000')],
  ['has a token of a newer version that was taken back', (token: string) => `${token} and more`],
])('whoever %s is told to load everything anew, and hears what comes then', async (_, change) => {
  const { ann, bob, conversation } = await world.twoPeople()
  const { next } = await clientOf(world, ann).client.call('sync', {})
  const syncToken = Buffer.from(change(Buffer.from(next, 'base64url').toString())).toString('base64url')
  await ann.send(conversation, 'missed')

  const bobs = await listenerOf(world, bob, conversation, { storage: { load: () => ({ queue: [], syncToken }), save: () => undefined } })
  await eventually(() => expect(bobs.told('reset')).toMatchObject([{ kind: 'everything', conversations: [{ id: conversation.id }] }]))
  await ann.send(conversation, 'after')
  await bobs.hears(['after'])
})

test('history up to the join and messages beyond it make the whole, however fast others write', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  let isWriting = true
  const writing = (async () => {
    for (let i = 1; isWriting; i++) await ann.send(conversation, `${i}`, {}, { api: i })
  })()
  await eventually(async () => expect((await bob.history(conversation)).length).toBeGreaterThan(3))
  const bobs = clientOf(world, bob)
  bobs.client.connect()
  const lastSeq = await bobs.client.join(conversation.id)
  await eventually(() => expect(bobs.contents().length).toBeGreaterThan(10))
  const late = clientOf(world, bob)
  late.client.connect()
  await late.client.join(conversation.id, { afterSeq: 2 })
  isWriting = false
  await writing

  const all = (await ann.history(conversation, '?limit=100')).map(({ seq }) => seq).reverse()
  await eventually(() => expect(bobs.told('message').map(({ seq }) => seq)).toEqual(all.slice(lastSeq)))
  await eventually(() => expect(late.told('message').map(({ seq }) => seq)).toEqual(all.slice(2)))
})

test('a conversation that one may not join is refused; one that is lost is told and ends', async () => {
  const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  await expect(listenerOf(world, eve, group)).rejects.toMatchObject({ code: 'NOT_A_PARTICIPANT' })
  const bobs = await listenerOf(world, bob, group)
  await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
  await eventually(() => expect(bobs.told('conversation_removed')).toEqual([{ conversationId: group.id }]))
})

test('typing, presence and new conversations are told; what was left is not', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const anns = await listenerOf(world, ann, conversation)
  const bobs = await listenerOf(world, bob, conversation)
  await eventually(() => expect(anns.told('presence')).toEqual([{ userId: bob.id, isOnline: true, lastSeen: null }]))
  bobs.client.typing(conversation.id, true)
  await eventually(() => expect(anns.told('typing')).toMatchObject([{ userId: bob.id, isTyping: true }]))
  const group = await bob.create({ type: 'group', participant_ids: [ann.id] })
  await eventually(() => expect(anns.told('conversation')).toMatchObject([{ kind: 'created', conversation: { id: group.id } }]))

  anns.client.leave(conversation.id)
  await bob.send(group, 'in the list')
  await bob.send(conversation, 'in the list too')
  await eventually(() =>
    expect(anns.told('conversation').slice(1)).toMatchObject([
      { kind: 'activity', conversationId: group.id },
      { kind: 'activity', conversationId: conversation.id },
    ]),
  )
  expect(anns.told('message')).toEqual([])
  bobs.client.close()
  await eventually(() => expect(anns.told('presence').at(-1)).toMatchObject({ userId: bob.id, isOnline: false }))
})
