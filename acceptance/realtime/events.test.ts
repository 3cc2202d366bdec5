import { events, type Conversation, type EventName, type Message } from '@viatra-chat/contract'
import { eventually, hearOut, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

let world: World
let ann: Person, bob: Person, cid: Person, stranger: Person
let group: Conversation
/** One connection of each kind: who hears what is told by their names. */
let ears: Record<'annJoined' | 'annElsewhere' | 'bobJoined' | 'bobUnjoined' | 'cidJoined' | 'cidUnjoined' | 'stranger', Connection>

beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
  ;[ann, bob, cid, stranger] = await world.people('Ann', 'Bob', 'Cid', 'Stranger')
  group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
  ears = {
    annJoined: await joinFrom(ann, group, 0),
    annElsewhere: await ann.connect(1),
    bobJoined: await joinFrom(bob, group, 1),
    bobUnjoined: await bob.connect(0),
    cidJoined: await joinFrom(cid, group, 0),
    cidUnjoined: await cid.connect(1),
    stranger: await stranger.connect(0),
  }
  await forgetAll()
})
afterAll(() => world.close())

const all = () => Object.values(ears)
const participantsEars = () => all().filter((connection) => connection !== ears.stranger)
const room = '/api/v1/chat/conversations'

/** Waits for everything on its way, then forgets it. */
async function forgetAll(): Promise<void> {
  await hearOut(ann, group, ...participantsEars())
  for (const connection of all()) connection.forget()
}

/** Who heard an event, and what: every payload must be the same for all. */
async function heardBy<N extends EventName>(event: N): Promise<{ who: string[]; payload: unknown }> {
  await hearOut(ann, group, ...participantsEars())
  await ears.stranger.settled()
  const hearers = Object.entries(ears).filter(([, connection]) => connection.seen(event).length > 0)
  const payloads = hearers.flatMap(([, connection]) => connection.seen(event) as unknown[])
  expect(payloads).toHaveLength(hearers.length)
  for (const payload of payloads) expect(payload).toEqual(payloads[0])
  return { who: hearers.map(([name]) => name), payload: payloads[0] }
}

// Dart's client would give a list where an event has several arguments or wants an answer.
afterEach(async () => {
  for (const { heard } of all()) for (const { event, args } of heard) expect([event, args.length]).toEqual([event, 1])
  for (const { heard } of all()) for (const { event } of heard) expect(Object.keys(events)).toContain(event)
  await forgetAll()
})

const keys = (value: unknown) => Object.keys(value as object).sort()
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string
const joined = ['annJoined', 'bobJoined', 'cidJoined']
const unjoined = ['annElsewhere', 'bobUnjoined', 'cidUnjoined']
const messageKeys = [
  'client_message_id',
  'content',
  'conversation_id',
  'created_at',
  'delivered_to',
  'id',
  'is_deleted',
  'is_edited',
  'message_type',
  'metadata',
  'parent',
  'parent_message_id',
  'read_by',
  'sender',
  'sender_id',
  'seq',
  'updated_at',
]
const conversationKeys = [
  'created_at',
  'created_by',
  'id',
  'last_message',
  'last_message_at',
  'metadata',
  'participant_count',
  'participant_ids',
  'participants',
  'type',
  'updated_at',
]

test('what is the newest by updated_at is the newest, however many change a conversation at once', async () => {
  const [dee, eve] = await world.people('Dee', 'Eve')
  const busy = await dee.create({ type: 'group', participant_ids: [eve.id] })
  const ear = await eve.connect(1)
  const change = (i: number) => dee.rest('PATCH', `${room}/${busy.id}`, { metadata: { [`key ${i}`]: i } }, { api: i })
  await Promise.all(Array.from({ length: 20 }, (_, i) => change(i)))
  const { metadata, updated_at } = await eve.conversation(busy.id)
  expect(Object.keys(metadata)).toHaveLength(20)
  await eventually(() => {
    const heard = ear.seen('conversation_updated')
    const sizes = new Map(heard.map((one) => [one.updated_at, Object.keys(one.metadata).length]))
    expect(sizes.get(updated_at)).toBe(20)
    const inOrder = [...sizes].sort(([a], [b]) => a.localeCompare(b)).map(([, size]) => size)
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
  })
})

test('new_message goes to the room, conversation_activity to the other sockets of participants', async () => {
  const message = await ann.send(group, 'hi', {}, { api: 1 })
  expect(keys(message)).toEqual(messageKeys)
  expect(keys(message.sender)).toEqual(['avatar_url', 'first_name', 'id', 'last_name', 'role'])
  expect(await heardBy('new_message')).toEqual({ who: joined, payload: message })
  expect(await heardBy('conversation_activity')).toEqual({
    who: unjoined,
    payload: { conversationId: group.id, last_message: message, last_message_at: message.created_at },
  })
})

test('message_delivered and message_read go to the room', async () => {
  const message = await ann.send(group, 'hi')
  await bob.rest('POST', `${room}/${group.id}/delivered`, { message_ids: [message.id] })
  await ears.bobUnjoined.get('mark_read', { conversationId: group.id, messageIds: [message.id] })
  const payload = { messageId: message.id, userId: bob.id, conversationId: group.id, at: time }
  expect(await heardBy('message_delivered')).toEqual({ who: joined, payload })
  expect(await heardBy('message_read')).toEqual({ who: joined, payload })
})

test('message_deleted goes to the room once; the list screens learn the newest message if it was that', async () => {
  const [before, newest] = [await bob.send(group, 'stays'), await bob.send(group, 'goes')]
  await Promise.all(
    participantsEars().map((connection) => eventually(() => connection.drop(({ payload }) => JSON.stringify(payload).includes(newest.id)))),
  )
  for (const connection of all()) connection.forget()

  const path = `/api/v1/chat/messages/${newest.id}`
  for (const api of [1, 0]) expect((await bob.rest('DELETE', path, undefined, { api })).status).toBe(200)
  const payload = { messageId: newest.id, userId: bob.id, conversationId: group.id, at: time }
  expect(await heardBy('message_deleted')).toEqual({ who: joined, payload })
  expect(await heardBy('conversation_activity')).toEqual({
    who: unjoined,
    payload: { conversationId: group.id, last_message: before, last_message_at: newest.created_at },
  })
})

test('deleting a message that is not the newest leaves the list screens as they are', async () => {
  const [older] = [await bob.send(group, 'goes'), await bob.send(group, 'stays')]
  await forgetAll()
  await bob.rest('DELETE', `/api/v1/chat/messages/${older.id}`)
  expect((await heardBy('message_deleted')).who).toEqual(joined)
  expect((await heardBy('conversation_activity')).who).toEqual([])
})

test('user_typing goes to the room but the typist’s own sockets', async () => {
  await ears.annElsewhere.get('join_conversation', { conversationId: group.id })
  await ears.annJoined.get('typing_start', { conversationId: group.id })
  const payload = { conversationId: group.id, userId: ann.id, isTyping: true }
  await ears.bobJoined.hears('user_typing')
  await ears.cidJoined.hears('user_typing')
  for (const connection of [ears.bobJoined, ears.cidJoined]) expect(connection.told()).toEqual([['user_typing', payload]])
  await ears.annJoined.get('typing_stop', { conversationId: group.id })
  await ears.annElsewhere.get('leave_conversation', { conversationId: group.id })
  await hearOut(ann, group, ...participantsEars())
  expect(ears.bobJoined.seen('user_typing')).toEqual([payload, { ...payload, isTyping: false }])
  for (const name of ['annJoined', 'annElsewhere', 'bobUnjoined', 'cidUnjoined', 'stranger'] as const)
    expect(ears[name].seen('user_typing')).toEqual([])
})

test('user_online and user_offline go to connected people who share a conversation, joined or not', async () => {
  const dan = await world.person('Dan')
  await ann.create({ participant_ids: [dan.id] })
  await Promise.all([ears.annJoined, ears.annElsewhere].map((connection) => connection.hears('conversation_created')))
  const connection = await dan.connect(1)
  await ears.annElsewhere.hears('user_online')
  expect(await heardBy('user_online')).toEqual({ who: ['annJoined', 'annElsewhere'], payload: { userId: dan.id } })
  connection.close()
  await ears.annElsewhere.hears('user_offline')
  expect(await heardBy('user_offline')).toEqual({ who: ['annJoined', 'annElsewhere'], payload: { userId: dan.id, lastSeen: time } })
  expect(connection.seen('user_online')).toEqual([])
})

test('conversation_created goes to all sockets of the participants, the creator’s too', async () => {
  const created = await ann.create({ type: 'group', participant_ids: [bob.id], metadata: { name: 'Two' } }, { api: 1 })
  const { who, payload } = await heardBy('conversation_created')
  expect(who).toEqual(['annJoined', 'annElsewhere', 'bobJoined', 'bobUnjoined'])
  expect(payload).toEqual(created)
  expect(keys(payload)).toEqual([...conversationKeys, 'unread_count'].sort())
  expect(keys(created.participants[0])).toEqual([
    'avatar_url',
    'first_name',
    'id',
    'is_online',
    'last_name',
    'last_seen',
    'participant_role',
    'role',
  ])
  expect(created.participants.map(({ is_online }) => is_online)).toEqual([true, true])
  expect((await heardBy('conversation_updated')).who).toEqual([])
})

test('a direct conversation that exists is not announced again', async () => {
  await Promise.all([ann.create({ participant_ids: [cid.id] }), cid.create({ participant_ids: [ann.id] }, { api: 1 })])
  await ann.create({ participant_ids: [cid.id] })
  expect((await heardBy('conversation_created')).who).toEqual(['annJoined', 'annElsewhere', 'cidJoined', 'cidUnjoined'])
})

test.each<[what: string, change: () => Promise<unknown>, action: string]>([
  ['metadata', () => ann.rest('PATCH', `${room}/${group.id}`, { metadata: { name: 'New' } }), 'metadata_changed'],
  ['a role', () => ann.rest('PATCH', `${room}/${group.id}/participants/${cid.id}`, { participant_role: 'moderator' }), 'role_changed'],
  ['members', () => ann.rest('POST', `${room}/${group.id}/participants`, { participant_ids: [stranger.id] }), 'participants_added'],
])('conversation_updated goes to all sockets of the participants when %s changed, without unread_count', async (_, change, action) => {
  await change()
  const { who, payload } = await heardBy('conversation_updated')
  const everybody = [...Object.keys(ears)].filter((name) => name !== 'stranger' || action === 'participants_added')
  expect(who).toEqual(everybody)
  expect(keys(payload)).toEqual(conversationKeys)
  const now = await ann.conversation(group.id)
  expect(payload).toMatchObject({
    id: group.id,
    metadata: now.metadata,
    participant_ids: now.participant_ids,
    participant_count: now.participant_count,
  })
  const [message] = ears.annJoined.seen('new_message') as [Message]
  expect(message).toMatchObject({
    message_type: 'system',
    sender_id: ann.id,
    content: expect.stringMatching(/\S/),
    metadata: { action, actor_id: ann.id },
  })
})

test('conversation_removed goes to all sockets of the person removed, and to nobody else', async () => {
  const other = await stranger.connect(1)
  await other.settled()
  await ann.rest('DELETE', `${room}/${group.id}/participants/${stranger.id}`)
  await other.hears('conversation_removed')
  await ears.stranger.hears('conversation_removed')
  expect(await heardBy('conversation_removed')).toEqual({ who: ['stranger'], payload: { conversationId: group.id } })
  expect(other.told()).toEqual([['conversation_removed', { conversationId: group.id }]])
  other.close()
})

test('error goes to the caller alone', async () => {
  ears.bobJoined.socket.emit('send_message', { conversationId: group.id, content: '' })
  await ears.bobJoined.hears('error')
  expect(await heardBy('error')).toEqual({
    who: ['bobJoined'],
    payload: { message: expect.stringMatching(/\S/), code: 'VALIDATION_ERROR', event: 'send_message' },
  })
})

test('once an event has arrived, any read on any instance shows what it says', async () => {
  for (let i = 0; i < 5; i++) {
    const heard = ears.cidUnjoined.hears('conversation_activity', ({ last_message }) => last_message?.content === `round ${i}`)
    const sent = ann.send(group, `round ${i}`, {}, { api: i })
    const { last_message } = await heard
    const [history, conversation, list] = await Promise.all([
      cid.history(group, '?limit=1', { api: i + 1 }),
      cid.conversation(group.id, { api: i + 1 }),
      cid.conversations('?limit=1', { api: i }),
    ])
    expect([history[0]?.id, conversation.last_message?.id, list[0]?.last_message?.id]).toEqual([1, 2, 3].map(() => last_message?.id))
    await sent
  }
})
