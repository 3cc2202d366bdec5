import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// The exact keys of everything the API shows: what apps rely on is there, and nothing private beside it.

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const chat = '/api/v1/chat'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const message = [
  ...[
    'id',
    'conversation_id',
    'seq',
    'sender_id',
    'parent_message_id',
    'parent',
    'message_type',
    'content',
    'metadata',
    'read_by',
    'delivered_to',
  ],
  ...['is_edited', 'is_deleted', 'created_at', 'updated_at', 'client_message_id', 'sender'],
]
const sender = ['id', 'first_name', 'last_name', 'avatar_url', 'role']
const quote = ['id', 'seq', 'sender_id', 'message_type', 'content', 'is_deleted']
const participant = [...sender, 'participant_role', 'is_online', 'last_seen']
const conversation = [
  ...['id', 'type', 'participant_ids', 'participant_count', 'created_by', 'last_message_at', 'metadata', 'created_at', 'updated_at'],
  ...['unread_count', 'participants', 'last_message'],
]
const pagination = ['page', 'limit', 'total', 'pages', 'next_cursor']

/** Every path of an object with the keys found there; lists count as their items. */
function shapeOf(value: unknown, path = '', shape = new Map<string, Set<string>>()): Map<string, Set<string>> {
  if (Array.isArray(value)) for (const item of value) shapeOf(item, path, shape)
  else if (typeof value === 'object' && value !== null && !path.endsWith('metadata')) {
    const keys = shape.get(path) ?? new Set()
    shape.set(path, keys)
    for (const [key, child] of Object.entries(value)) {
      keys.add(key)
      shapeOf(child, path ? `${path}.${key}` : key, shape)
    }
  }
  return shape
}

function expectShape(value: unknown, expected: Record<string, string[]>) {
  const shape = Object.fromEntries([...shapeOf(value)].map(([path, keys]) => [path, [...keys].sort()]))
  expect(shape).toEqual(Object.fromEntries(Object.entries(expected).map(([path, keys]) => [path, [...keys].sort()])))
}

const under = (prefix: string, shape: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(shape).map(([path, keys]) => [path ? `${prefix}.${path}` : prefix, keys]))

const messageShape = { '': message, sender, parent: quote }
const conversationShape = { '': conversation, participants: participant, ...under('last_message', messageShape) }

async function twoWhoTalk() {
  const { ann, bob, conversation: created } = await world.twoPeople()
  // Whatever the platform knows of people must stay with the platform.
  await world.database.query(
    "update users set fcm_token = 'secret-' || id, avatar_url = 'https://cdn.example.org/a.png' where id = any($1)",
    [[ann.id, bob.id]],
  )
  const first = await bob.send(created, 'first')
  const reply = await ann.send(created, 'reply', { parent_message_id: first.id, client_message_id: 'c-1', metadata: { k: 1 } })
  return { ann, bob, created, first, reply }
}

test('a message has exactly the keys of the contract, in every answer that shows one', async () => {
  const { ann, bob, created, reply } = await twoWhoTalk()
  expectShape(reply, messageShape)
  const history = await bob.rest('GET', `${chat}/conversations/${created.id}/messages`)
  expectShape(history.data, { '': ['messages', 'pagination'], ...under('messages', messageShape), pagination })
  const again = await ann.send(created, 'reply', {
    parent_message_id: reply.parent_message_id,
    client_message_id: 'c-1',
    metadata: { k: 1 },
  })
  expectShape(again, messageShape)
  expect(again).toEqual(reply)
  expect(history.data.messages).toContainEqual(reply)
})

test('a message says what it is in the units of the contract', async () => {
  const { ann, bob, created, first, reply } = await twoWhoTalk()
  expect(reply).toEqual({
    id: expect.stringMatching(uuidV7) as unknown,
    conversation_id: created.id,
    seq: 2,
    sender_id: ann.id,
    parent_message_id: first.id,
    parent: { id: first.id, seq: 1, sender_id: bob.id, message_type: 'text', content: 'first', is_deleted: false },
    message_type: 'text',
    content: 'reply',
    metadata: { k: 1 },
    read_by: [ann.id],
    delivered_to: [ann.id],
    is_edited: false,
    is_deleted: false,
    created_at: expect.stringMatching(time) as unknown,
    updated_at: reply.created_at,
    client_message_id: 'c-1',
    sender: { id: ann.id, first_name: 'Ann', last_name: 'Example', avatar_url: 'https://cdn.example.org/a.png', role: 'patient' },
  })
  expect(first).toMatchObject({ parent_message_id: null, parent: null, metadata: {}, client_message_id: null, seq: 1 })
})

test('a conversation has exactly the keys of the contract, in every answer that shows one', async () => {
  const { ann, bob, created } = await twoWhoTalk()
  expectShape(created, { '': conversation, participants: participant })
  expectShape(await bob.conversation(created.id), conversationShape)
  expectShape(await bob.create({ participant_ids: [ann.id] }), conversationShape)
  // Twice: the second answer may come from the cache.
  for (const answer of [await bob.rest('GET', `${chat}/conversations`), await bob.rest('GET', `${chat}/conversations`)])
    expectShape(answer.data, { '': ['conversations', 'pagination'], ...under('conversations', conversationShape), pagination })
})

test('every change of a group answers with the same object', async () => {
  const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const path = `${chat}/conversations/${group.id}`
  const answers = [
    await ann.rest('PATCH', path, { metadata: { name: 'Team' } }),
    await ann.rest('POST', `${path}/participants`, { participant_ids: [carl.id] }),
    await ann.rest('PATCH', `${path}/participants/${bob.id}`, { participant_role: 'moderator' }),
    await ann.rest('DELETE', `${path}/participants/${carl.id}`),
  ]
  for (const answer of answers)
    expectShape(answer.data, { '': conversation, participants: participant, last_message: message, 'last_message.sender': sender })
})

test('a new conversation says what it is in the units of the contract', async () => {
  const [ann, bob] = await world.people('Ann', 'Bob')
  const created = await ann.create({ participant_ids: [bob.id], metadata: { name: 'Us' } })
  const person = (who: typeof ann, participant_role: string) => ({
    ...{ id: who.id, first_name: who.name, last_name: 'Example', avatar_url: null, role: 'patient' },
    ...{ participant_role, is_online: false, last_seen: null },
  })
  expect(created).toEqual({
    id: expect.stringMatching(uuidV7) as unknown,
    type: 'direct',
    participant_ids: created.participants.map(({ id }) => id),
    participant_count: 2,
    created_by: ann.id,
    last_message_at: null,
    metadata: { name: 'Us' },
    created_at: expect.stringMatching(time) as unknown,
    updated_at: expect.stringMatching(time) as unknown,
    unread_count: 0,
    participants: expect.arrayContaining([person(ann, 'owner'), person(bob, 'member')]) as unknown,
    last_message: null,
  })
  expect(created.participants).toHaveLength(2)
})

test('receipts, presence and what an administrator sees have exactly their keys', async () => {
  const { ann, bob, reply } = await twoWhoTalk()
  const root = await world.person('Root', { role: 'admin' })
  const receipts = await bob.rest('GET', `${chat}/messages/${reply.id}/receipts`)
  expectShape(receipts.data, { '': ['receipts'], receipts: ['user_id', 'delivered_at', 'read_at'] })
  const presence = await bob.rest('GET', `${chat}/presence?user_ids=${ann.id}`)
  expectShape(presence.data, { '': ['presence'], presence: ['user_id', 'is_online', 'last_seen'] })
  const audited = await root.rest('GET', `/api/v1/admin/messages/${reply.id}?reason=complaint`)
  expectShape(audited.data, { '': [...message, 'deleted_at', 'deleted_by'], sender, parent: quote })
})

test('nothing private of anybody is in any answer', async () => {
  const { ann, created, reply } = await twoWhoTalk()
  const root = await world.person('Root', { role: 'admin' })
  const paths = [
    `conversations`,
    `conversations/${created.id}`,
    `conversations/${created.id}/messages`,
    `messages/${reply.id}/receipts`,
    'sync',
    `presence?user_ids=${ann.id}`,
  ]
  const answers = await Promise.all(paths.map((path) => ann.rest('GET', `${chat}/${path}`)))
  answers.push(await root.rest('GET', `/api/v1/admin/messages/${reply.id}?reason=complaint`))
  for (const { body, verdict } of answers) {
    expect(verdict).toBe('200')
    expect(JSON.stringify(body)).not.toMatch(/secret-|@example\.org|email|fcm|password|direct_key|version|_xid|is_active/i)
  }
})

test('last_seen is a time once somebody was here, and online people are shown as such', async () => {
  const { ann, bob, created } = await twoWhoTalk()
  const connection = await bob.connect()
  const seen = async () => (await ann.conversation(created.id)).participants.find(({ id }) => id === bob.id)
  expect(await seen()).toMatchObject({ is_online: true })
  connection.close()
  await eventually(async () => expect(await seen()).toMatchObject({ is_online: false, last_seen: expect.stringMatching(time) as unknown }))
})

test('ids are accepted in any case and given in lower case', async () => {
  const { ann, bob, conversation: created } = await world.twoPeople()
  const answer = await ann.rest<{ id: string; participant_ids: string[] }>('POST', `${chat}/conversations`, {
    participant_ids: [bob.id.toUpperCase()],
  })
  expect(answer.verdict).toBe('200')
  expect(answer.data.id).toBe(created.id)
  for (const id of answer.data.participant_ids) expect(id).toMatch(uuid)
  const upper = { id: created.id.toUpperCase() }
  const sent = await ann.send(upper, 'hi')
  expect(sent.conversation_id).toBe(created.id)
  const marked = await bob.rest('POST', `${chat}/conversations/${upper.id}/read`, { message_ids: [sent.id.toUpperCase()] })
  expect(marked.data).toEqual({ message_ids: [sent.id], unread_count: 0 })
})
