import type { Message } from '@viatra-chat/contract'
import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// The second API has no Redis: like a process that dies after the commit, it leaves untold what it writes.
const mute = { api: 1 }
const nobodyListens = 'redis://127.0.0.1:1'

let world: World
beforeAll(async () => void (world = await startWorld({ apis: 2, gateways: 2, apiEnv: { 1: { REDIS_URL: nobodyListens } } })))
afterAll(() => world.close())

const untold = async () => (await world.database.query<{ left: number }>('select count(*)::int as left from outbox')).rows[0]?.left

test('messages that their writer could not tell are told by another process, in order and once', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const socket = await bob.connect(1)
  await socket.get('join_conversation', { conversationId: conversation.id })

  for (let n = 1; n <= 5; n++) await ann.send(conversation, `m${n}`, {}, mute)

  await eventually(() => expect(socket.seen('new_message')).toHaveLength(5))
  expect(socket.seen('new_message').map((message) => message.seq)).toEqual([1, 2, 3, 4, 5])
  await eventually(async () => expect(await untold()).toBe(0))
  expect(socket.seen('new_message')).toHaveLength(5)
  socket.close()
})

test('so is everything else: receipts, deletions, new conversations and changes of them', async () => {
  const [ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
  const socket = await bob.connect()

  const group = await ann.create({ participant_ids: [bob.id, eve.id] }, mute)
  await socket.hears('conversation_created', ({ id }) => id === group.id)
  await socket.get('join_conversation', { conversationId: group.id })
  const sent: Message = await ann.send(group, 'hello', {}, mute)
  await eve.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [sent.id] }, mute)
  await ann.rest('DELETE', `/api/v1/chat/messages/${sent.id}`, undefined, mute)
  await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`, undefined, mute)

  await socket.hears('conversation_removed', ({ conversationId }) => conversationId === group.id)
  expect(socket.seen('message_read')).toMatchObject([{ messageId: sent.id, userId: eve.id }])
  expect(socket.seen('message_deleted')).toMatchObject([{ messageId: sent.id, userId: ann.id }])
  // Deleted before it was told: its content is told to nobody.
  expect(socket.seen('new_message')).toEqual([])
  await ann.send(group, 'without Bob')
  await socket.settled()
  expect(JSON.stringify(socket.heard)).not.toContain('without Bob')
  socket.close()
})

test('what was told leaves nothing behind', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  await Promise.all(Array.from({ length: 50 }, (_, n) => ann.send(conversation, `m${n}`)))
  await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, {
    message_ids: (await bob.history(conversation)).map(({ id }) => id),
  })
  await eventually(async () => expect(await untold()).toBe(0))
})

test('a row that cannot be told holds nothing up, and is kept for people to look at', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const socket = await bob.connect()
  await socket.get('join_conversation', { conversationId: conversation.id })
  const poison = { kind: 'change', action: 'role_changed', conversationId: conversation.id, messageId: conversation.id, userIds: [] }
  await world.database.query('insert into outbox (announcement) values ($1)', [JSON.stringify(poison)])

  await ann.send(conversation, 'after it', {}, mute)

  await socket.hears('new_message', ({ content }) => content === 'after it')
  await eventually(async () => expect((await world.database.query('select attempts from outbox')).rows).toEqual([{ attempts: 3 }]))
  await world.database.query('delete from outbox')
  socket.close()
})
