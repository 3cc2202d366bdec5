import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// Apps that ask for no acknowledgement send a join and what follows it at once. On one connection the order holds.

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

test('whatever follows a join finds the socket joined', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const [one, other] = await Promise.all([ann.connect(), bob.connect()])
  await other.get('join_conversation', { conversationId: conversation.id })
  one.socket.emit('join_conversation', { conversationId: conversation.id })
  one.socket.emit('typing_start', { conversationId: conversation.id })
  one.socket.emit('send_message', { conversationId: conversation.id, content: 'at once' })
  await other.hears('user_typing', ({ isTyping }) => isTyping)
  expect(await one.hears('new_message')).toMatchObject({ content: 'at once' })
  expect(one.seen('error')).toEqual([])
  expect(one.seen('conversation_activity')).toEqual([])
})

test('a screen that is closed at once is left, and one that is opened again is joined', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const connection = await ann.connect()
  const payload = { conversationId: conversation.id }
  connection.socket.emit('join_conversation', payload)
  connection.socket.emit('leave_conversation', payload)
  await connection.settled()
  const first = await bob.send(conversation, 'while away')
  await connection.hears('conversation_activity', ({ last_message }) => last_message?.id === first.id)
  for (const event of ['join_conversation', 'leave_conversation', 'join_conversation']) connection.socket.emit(event, payload)
  await connection.settled()
  await bob.send(conversation, 'while there')
  await connection.hears('new_message', ({ content }) => content === 'while there')
  expect(connection.seen('new_message')).toHaveLength(1)
})

test('a join that is refused holds up nothing', async () => {
  const { ann, conversation } = await world.twoPeople()
  const eve = await world.person('Eve')
  const other = await eve.create({ participant_ids: [ann.id] })
  const connection = await eve.connect()
  connection.socket.emit('join_conversation', { conversationId: conversation.id })
  connection.socket.emit('join_conversation', { conversationId: other.id })
  connection.socket.emit('send_message', { conversationId: other.id, content: 'goes on' })
  await connection.hears('new_message', ({ content }) => content === 'goes on')
  expect(connection.seen('error')).toMatchObject([{ code: 'NOT_A_PARTICIPANT', event: 'join_conversation' }])
})
