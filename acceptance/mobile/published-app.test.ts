import { randomUUID } from 'node:crypto'
import type { Conversation, Message } from '@viatra-chat/contract'
import { startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { misfit } from './names.js'
import { openRaw, type RawSocket } from './raw-socket.js'
import { splitFrame } from './read-page.js'

// What an app sends that was built with Flutter for the guide, and what it relies on: bodies in camelCase, null for what is absent, a content type without a
// body, ids in upper case, events without acknowledgements; `data` is the object itself; every event has one argument, and none asks to be acknowledged.

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** One phone. */
interface App {
  who: Person
  socket: RawSocket
  /** A request as Dart sends it; gives `data`. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>
  emit(event: string, payload: unknown): void
  /** The payload of an event, which must be its only argument. `…` in what is expected fits anything. */
  hears<T = Record<string, unknown>>(event: string, expected?: unknown): Promise<T>
}

async function startApp(who: Person): Promise<App> {
  const socket = await openRaw(world.gateways[0] ?? '')
  await socket.take((frame) => (frame.startsWith('0{') ? undefined : 'no greeting'))
  socket.send(`40${JSON.stringify({ token: who.token })}`)
  await socket.take((frame) => (frame.startsWith('40{') ? undefined : 'not admitted'))
  return {
    who,
    socket,
    call: async <T>(method: string, path: string, body?: unknown) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${who.token}`, 'user-agent': 'Dart/3.4 (dart:io)' }
      // Without a body there is still one of no bytes, except in GET.
      const sent = method === 'GET' ? {} : { body: body === undefined ? '' : JSON.stringify(body) }
      const response = await fetch(`${world.apis[0]}/api/v1/${path}`, { method, headers, ...sent })
      const answer = (await response.json()) as { success: boolean; data: T }
      if (!answer.success) throw new Error(JSON.stringify(answer))
      return answer.data
    },
    emit: (event, payload) => socket.send(`42${JSON.stringify([event, payload])}`),
    hears: async <T>(event: string, expected: unknown = '…') => {
      const frame = await socket.take((one) => {
        const { head, body } = splitFrame(one)
        if (!Array.isArray(body) || body[0] !== event) return 'another event'
        return head === '42' && body.length === 2 ? misfit(expected, body[1], new Map()) : 'not one argument, or asks to be acknowledged'
      })
      return (splitFrame(frame).body as [string, T])[1]
    },
  }
}

let ann: App
let bob: App
let conversation: Conversation
const upper = ({ id }: { id: string }) => id.toUpperCase()
const nothing = { metadata: null, parentMessageId: null }

beforeEach(async () => {
  const [one, other] = await world.people('Ann', 'Bob')
  ;[ann, bob] = await Promise.all([startApp(one), startApp(other)])
  conversation = await ann.call('POST', 'chat/conversations', { type: 'direct', participantIds: [upper(other)], metadata: null })
  for (const app of [ann, bob]) {
    app.emit('join_conversation', { conversationId: upper(conversation) })
    // An answer of later: by then the app is in the room.
    app.emit('send_message', { conversationId: upper(conversation), messageType: 'text', content: `${app.who.name} is here`, ...nothing })
    await app.hears('new_message', { content: `${app.who.name} is here`, '…': '…' })
  }
})

// Whatever came to a phone in a test: no event asks for an answer, and each has one argument.
afterEach(() => {
  for (const { socket } of [ann, bob]) {
    for (const frame of socket.frames) {
      const { head, body } = splitFrame(frame)
      expect([head, Array.isArray(body) && body.length], frame).toEqual(['42', 2])
    }
    socket.close()
  }
})

describe('a published Flutter app', () => {
  test('finds its conversations, and in a direct one again the same', async () => {
    const again = await bob.call<Conversation>('POST', 'chat/conversations', {
      participantIds: [upper(ann.who)],
      type: null,
      metadata: null,
    })
    expect(again.id).toBe(conversation.id)
    const list = await bob.call<{ conversations: Conversation[] }>('GET', 'chat/conversations?page=1&limit=20')
    expect(list.conversations).toMatchObject([
      { id: conversation.id, participant_ids: expect.arrayContaining([ann.who.id]) as unknown, last_message: { content: 'Bob is here' } },
    ])
    const one = await bob.call<Conversation>('GET', `chat/conversations/${upper(conversation)}`)
    expect(one.participants.map(({ first_name }) => first_name).toSorted()).toEqual(['Ann', 'Bob'])
  })

  test('chats over the socket: messages, replies, typing, receipts', async () => {
    ann.emit('typing_start', { conversationId: upper(conversation) })
    await bob.hears('user_typing', { conversationId: conversation.id, userId: ann.who.id, isTyping: true })
    ann.emit('typing_stop', { conversationId: upper(conversation) })
    await bob.hears('user_typing', { conversationId: conversation.id, userId: ann.who.id, isTyping: false })

    ann.emit('send_message', {
      conversationId: upper(conversation),
      messageType: 'text',
      content: 'Hello',
      ...nothing,
      clientMessageId: null,
    })
    const heard = await bob.hears<Message>('new_message', { content: 'Hello', '…': '…' })
    expect(heard).toMatchObject({ sender_id: ann.who.id, sender: { first_name: 'Ann' }, read_by: [ann.who.id], metadata: {}, parent: null })

    bob.emit('mark_delivered', { conversationId: upper(conversation), messageIds: [upper(heard)] })
    await ann.hears('message_delivered', { messageId: heard.id, userId: bob.who.id, conversationId: conversation.id, at: '…' })
    bob.emit('mark_read', { conversationId: upper(conversation), messageIds: [upper(heard)] })
    await ann.hears('message_read', { messageId: heard.id, userId: bob.who.id, conversationId: conversation.id, at: '…' })

    bob.emit('send_message', {
      conversationId: upper(conversation),
      messageType: 'text',
      content: 'Hi',
      parentMessageId: upper(heard),
      metadata: null,
    })
    expect(await ann.hears('new_message', { content: 'Hi', '…': '…' })).toMatchObject({
      parent_message_id: heard.id,
      parent: { content: 'Hello' },
    })
  })

  test('chats over REST, which the other phone hears', async () => {
    const path = `chat/conversations/${upper(conversation)}`
    const sent = await ann.call<Message>('POST', `${path}/messages`, {
      messageType: 'file',
      content: null,
      metadata: { attachment_url: 'https://files.example/1', file_name: 'scan.pdf', file_size: 1234 },
      parentMessageId: null,
      clientMessageId: null,
    })
    expect(sent).toMatchObject({ message_type: 'file', content: null, seq: 3 })
    await bob.hears('new_message', { id: sent.id, '…': '…' })

    const read = await bob.call<{ message_ids: string[]; unread_count: number }>('POST', `${path}/read`, { messageIds: [upper(sent)] })
    expect(read).toEqual({ message_ids: [sent.id], unread_count: 1 })
    await ann.hears('message_read', { messageId: sent.id, '…': '…' })

    const page = await bob.call<{ messages: Message[]; pagination: object }>('GET', `${path}/messages?page=1&limit=50`)
    expect(page.messages.map(({ seq }) => seq)).toEqual([3, 2, 1])
    expect(page.pagination).toMatchObject({ page: 1, limit: 50, total: 3, pages: 1 })

    await ann.call('DELETE', `chat/messages/${upper(sent)}`)
    await bob.hears('message_deleted', { messageId: sent.id, conversationId: conversation.id, userId: ann.who.id, at: '…' })
  })

  test('makes a group, which all its phones hear of', async () => {
    const group = await ann.call<Conversation>('POST', 'chat/conversations', {
      type: 'group',
      participantIds: [upper(bob.who)],
      metadata: { name: 'Team', description: 'All of us' },
    })
    await bob.hears('conversation_created', { id: group.id, type: 'group', '…': '…' })
    ann.emit('send_message', { conversationId: upper(group), messageType: 'text', content: 'Welcome', ...nothing })
    await bob.hears('conversation_activity', { conversationId: group.id, '…': '…' })
  })

  test('registers its push token under either name, and is gone again', async () => {
    const token = `token-${randomUUID()}`
    await ann.call('POST', 'auth/fcm-token', { fcmToken: token, deviceId: null, platform: null })
    await bob.call('POST', 'auth/fcm-token', { token })
    const owners = async () => (await world.database.query('select user_id from devices where fcm_token = $1', [token])).rows
    expect(await owners()).toEqual([{ user_id: bob.who.id }])
    await bob.call('DELETE', 'auth/fcm-token', { fcmToken: token })
    expect(await owners()).toEqual([])
  })

  test('hears of a failure as an error, since it asks for no acknowledgement', async () => {
    ann.emit('send_message', { conversationId: upper(conversation), messageType: 'text', content: ' ', ...nothing })
    await ann.hears('error', { message: '…', code: 'VALIDATION_ERROR', event: 'send_message' })
    ann.emit('leave_conversation', { conversationId: upper(conversation) })
    ann.emit('typing_start', { conversationId: upper(conversation) })
    await ann.hears('error', { message: '…', code: 'NOT_JOINED', event: 'typing_start' })
  })
})
