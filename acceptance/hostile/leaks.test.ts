import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  connect,
  forgeToken,
  hearOut,
  joinFrom,
  newUserId,
  secondsFromNow,
  startWorld,
  type Connection,
  type World,
} from '@viatra-chat/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askOverRest } from './ask-anything.js'
import { everythingInRedis } from './everything-in-redis.js'

// What belongs to somebody reaches nobody else: not by a field too many, not by an event, not by a cache.

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())

/** Every key of a value, however deep, but what people chose themselves. */
function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => [key, ...(key === 'metadata' ? [] : keysIn(child))])
}

const isPrivate = (key: string) => /e_?mail|phone|fcm|password|hash|secret|token|is_active|direct_key|xid|_seqs|muted|device/i.test(key)

test('no answer and no event has a field for what is private, whoever asks', async () => {
  const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
  const root = await world.person('Root', { role: 'admin' })
  await world.database.query(`update users set fcm_token = 'secret-' || id`)
  const connections = await Promise.all([ann, bob, carl].map((who, n) => who.connect(n % 2)))
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, carl.id] })
  for (const connection of connections) await connection.get('join_conversation', { conversationId: group.id })
  const message = await ann.send(group, 'hello')
  const here = { conversation_id: group.id }
  const answers = [
    await askOverRest(bob, 'send_message', { ...here, content: 'a reply', parent_message_id: message.id }),
    await askOverRest(bob, 'mark_read', { ...here, message_ids: [message.id] }),
    await askOverRest(bob, 'register_device', { fcm_token: 'secret-device', device_id: 'secret-id' }),
    await askOverRest(ann, 'update_conversation', { ...here, metadata: { name: 'New' } }),
    await askOverRest(ann, 'change_participant_role', { ...here, user_id: bob.id, participant_role: 'moderator' }),
    await askOverRest(ann, 'list_conversations', {}),
    await askOverRest(ann, 'get_conversation', here),
    await askOverRest(ann, 'list_messages', here),
    await askOverRest(ann, 'list_receipts', { message_id: message.id }),
    await askOverRest(ann, 'get_presence', { user_ids: [bob.id] }),
    await askOverRest(ann, 'sync', {}),
    await askOverRest(root, 'read_message_as_admin', { message_id: message.id, reason: 'a complaint' }),
    await askOverRest(ann, 'remove_participant', { ...here, user_id: carl.id }),
    await askOverRest(ann, 'delete_message', { message_id: message.id }),
  ]
  for (const { verdict } of answers) expect(verdict).toMatch(/^20/)
  await hearOut(ann, group, ...connections.slice(0, 2))
  const told = [
    ...answers.map(({ body }) => body),
    ...connections.map(({ heard }) => heard),
    ...(await Promise.all(connections.map((connection) => acknowledgements(connection, group.id)))),
  ]
  expect(keysIn(told).length).toBeGreaterThan(500)
  expect(keysIn(told).filter(isPrivate)).toEqual([])
  expect(JSON.stringify(told)).not.toMatch(/secret-|@example\.org/)
  connections.forEach((connection) => connection.close())
})

async function acknowledgements(connection: Connection, conversationId: string): Promise<unknown[]> {
  const events = ['join_conversation', 'typing_start', 'typing_stop', 'leave_conversation', 'sync', 'send_message', 'mark_read']
  return Promise.all(events.map((event) => connection.ask(event, { conversationId, content: 'x', messageIds: [newUserId()] })))
}

test('whoever was removed hears nothing more, on either gateway, whatever happens there', async () => {
  const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, eve.id] })
  const sockets = await Promise.all([joinFrom(eve, group, 0), joinFrom(eve, group, 1)])
  await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${eve.id}`)
  await Promise.all(sockets.map((socket) => socket.hears('conversation_removed')))
  sockets.forEach((socket) => socket.forget())
  const message = await ann.send(group, 'among us')
  await askOverRest(bob, 'mark_read', { conversation_id: group.id, message_ids: [message.id] })
  await askOverRest(ann, 'update_conversation', { conversation_id: group.id, metadata: { name: 'Without her' } })
  const typing = await joinFrom(bob, group)
  await typing.get('typing_start', { conversationId: group.id })
  await askOverRest(ann, 'delete_message', { message_id: message.id })
  const other = await eve.create({ participant_ids: [ann.id] })
  // What comes last takes the same way as all before it.
  await hearOut(ann, other, ...sockets)
  for (const socket of sockets) {
    const heard = socket
      .told()
      .filter(([, payload]) => JSON.stringify(payload).includes(group.id) || JSON.stringify(payload).includes('among us'))
    expect(heard).toEqual([])
  }
  ;[...sockets, typing].forEach((socket) => socket.close())
})

test('a connection that had joined is a stranger’s from the removal of its person on, whatever it asks, on either gateway', async () => {
  const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, eve.id] })
  const message = await ann.send(group, 'among us')
  const [witness, ...sockets] = await Promise.all([joinFrom(bob, group), joinFrom(eve, group, 0), joinFrom(eve, group, 1)])
  for (const socket of sockets) await socket.get('typing_start', { conversationId: group.id })
  await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${eve.id}`)
  await Promise.all(sockets.map((socket) => socket.hears('conversation_removed')))
  await witness.hears('user_typing', ({ userId, isTyping }) => userId === eve.id && !isTyping)
  witness.forget()
  const here = { conversationId: group.id, content: 'still here', messageIds: [message.id] }
  const events = ['send_message', 'typing_start', 'typing_stop', 'mark_read', 'mark_delivered', 'leave_conversation', 'join_conversation']
  for (const socket of sockets) for (const event of events) expect(await socket.refused(event, here), event).toBe('NOT_A_PARTICIPANT')
  await hearOut(ann, group, witness)
  expect(witness.told()).toEqual([])
  expect((await ann.history(group)).find(({ id }) => id === message.id)?.read_by).toEqual([ann.id])
  ;[witness, ...sockets].forEach((socket) => socket.close())
})

test('pages of many people who ask for the same at once are each their own', async () => {
  const people = await Promise.all(Array.from({ length: 30 }, (_, n) => world.person(`Person ${n}`)))
  const friend = await world.person('Friend')
  await Promise.all(people.map((who) => who.create({ type: 'group', participant_ids: [friend.id], metadata: { name: `of ${who.id}` } })))
  for (let round = 0; round < 3; round++) {
    const pages = await Promise.all(people.map((who, n) => who.conversations('?page=1&limit=20', { api: (n + round) % 2 })))
    for (const [n, page] of pages.entries()) expect(page.map(({ metadata }) => metadata.name)).toEqual([`of ${people[n]?.id}`])
  }
})

test('what somebody wrote into the cache proves nothing: membership comes from the database', async () => {
  const { ann, conversation } = await world.twoPeople()
  const eve = await world.person('Eve')
  await ann.send(conversation, 'between us')
  await ann.history(conversation)
  await ann.conversations()
  for (const key of await world.redis.keys(`chat:conversation:${ann.id}:*`))
    await world.redis.copy(key, key.replace(ann.id, eve.id)).catch(() => undefined)
  expect((await askOverRest(eve, 'list_messages', { conversation_id: conversation.id })).verdict).toBe('403 NOT_A_PARTICIPANT')
  expect(JSON.stringify(await eve.conversations())).not.toContain('between us')
})

test.each(['direct:1:20', 'all', '*', '../x', 'direct%00', '__proto__'])(
  'a type cannot name another key of the cache: %s',
  async (type) => {
    const ann = await world.person('Ann')
    expect((await ann.rest('GET', `/api/v1/chat/conversations?type=${type}`)).verdict).toBe('400 VALIDATION_ERROR')
  },
)

test('typing leaves a key for its time, and no text; other gateways and channels carry no token', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const published: string[] = []
  const spy = new Redis(world.config.redisUrl)
  spy.on('pmessageBuffer', (_pattern, channel: Buffer, message: Buffer) =>
    published.push(`${channel.toString()} ${message.toString('latin1')}`),
  )
  await spy.psubscribe('*')
  const [typist, reader] = await Promise.all([joinFrom(ann, conversation, 0), joinFrom(bob, conversation, 1)])
  await typist.get('typing_start', { conversationId: conversation.id })
  await reader.hears('user_typing')
  await hearOut(ann, conversation, reader)
  const everything = `${published.join('\n')}${await everythingInRedis(world.redis)}`
  expect(everything).toContain(conversation.id)
  for (const { token } of [ann, bob]) expect(everything).not.toContain(token.split('.')[2])
  expect(everything).not.toMatch(/@example\.org|secret-/)
  spy.disconnect()
  typist.close()
  reader.close()
})

test('an address that somebody writes is asked by nobody: not of an attachment, not of a picture, not in a token', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = { attachment_url: `${address}/attachment`, avatar_url: `${address}/picture`, preview: `${address}/preview` }
  const listener = await joinFrom(bob, conversation, 1)
  const input = { message_type: 'image', content: `${address}/text`, metadata }
  await ann.rest('POST', `/api/v1/chat/conversations/${conversation.id}/messages`, input)
  await listener.get('send_message', { conversationId: conversation.id, ...input })
  await ann.create({ type: 'group', participant_ids: [bob.id], metadata })
  await world.database.query('update users set avatar_url = $2 where id = $1', [ann.id, `${address}/of-ann`])
  const header = { alg: 'HS256', jku: `${address}/keys`, x5u: `${address}/certificate` }
  const token = forgeToken({ userId: ann.id, exp: secondsFromNow(60) }, { header })
  await fetch(`${world.apis[0]}/api/v1/chat/sync`, { headers: { authorization: `Bearer ${token}` } })
  const connection = await connect(world.gateways[0] ?? '', { token })
  await hearOut(ann, conversation, listener, connection)
  await fetch(`${address}/it-does-answer`)
  expect(asked).toEqual(['/it-does-answer'])
  listener.close()
  connection.close()
  server.close()
})
