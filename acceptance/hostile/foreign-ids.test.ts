import { operations, uuidPattern, type Conversation, type Message, type OperationName } from '@viatra-chat/contract'
import { hearOut, joinFrom, newUserId, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askOverRest, transportsOf } from './ask-anything.js'
import { stored } from './authorisation-scene.js'

// Ids of other conversations in every place where an id can stand: they are not there, whether they exist or not.

let world: World
let ann: Person
let bob: Person
let connection: Connection
/** Ann and Bob; what they may see. */
let here: Conversation
let own: Message
/** Ann is in it as well, but it is not the one that is asked for. */
let other: Conversation
let elsewhere: Message
/** Bob and Carl, without Ann. */
let foreign: Conversation
let hidden: Message
let carl: Person
beforeAll(async () => {
  world = await startWorld()
  const [dora] = await world.people('Dora')
  ;[ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
  here = await ann.create({ type: 'group', participant_ids: [bob.id, dora.id] })
  other = await ann.create({ type: 'group', participant_ids: [bob.id] })
  foreign = await bob.create({ type: 'group', participant_ids: [carl.id] })
  own = await bob.send(here, 'here')
  elsewhere = await bob.send(other, 'elsewhere')
  hidden = await carl.send(foreign, 'hidden-marker')
  connection = await ann.connect()
})
afterAll(() => world.close())

type Answer = [code: string, data: unknown]
/** What is asked, with one id put into its place. */
type Place = (id: string) => Record<string, unknown>

async function ask(transport: 'rest' | 'socket', name: OperationName, input: Record<string, unknown>): Promise<Answer> {
  const answer = transport === 'rest' ? (await askOverRest(ann, name, input)).body : await connection.ask(name, input)
  return answer.success ? ['ok', answer.data] : [answer.code ?? 'INTERNAL', undefined]
}

const inHere = (more: Record<string, unknown>) => ({ conversation_id: here.id, ...more })

/** Every field of every operation that takes ids. `message`: ids of messages stand there, and so on. */
const places: Record<string, [kind: 'message' | 'person' | 'conversation' | 'for administrators', place: Place]> = {
  'get_conversation.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'update_conversation.conversation_id': ['conversation', (id) => ({ conversation_id: id, metadata: { name: 'x' } })],
  'list_messages.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'list_messages.before': ['message', (id) => inHere({ before: id })],
  'list_messages.after': ['message', (id) => inHere({ after: id })],
  'send_message.conversation_id': ['conversation', (id) => ({ conversation_id: id, content: 'x' })],
  'send_message.parent_message_id': ['message', (id) => inHere({ content: 'x', parent_message_id: id })],
  'mark_read.conversation_id': ['conversation', (id) => ({ conversation_id: id, message_ids: [own.id] })],
  'mark_read.message_ids': ['message', (id) => inHere({ message_ids: [id] })],
  'mark_delivered.conversation_id': ['conversation', (id) => ({ conversation_id: id, message_ids: [own.id] })],
  'mark_delivered.message_ids': ['message', (id) => inHere({ message_ids: [id] })],
  'delete_message.message_id': ['message', (id) => ({ message_id: id })],
  'list_receipts.message_id': ['message', (id) => ({ message_id: id })],
  'add_participants.conversation_id': ['conversation', (id) => ({ conversation_id: id, participant_ids: [carl.id] })],
  'add_participants.participant_ids': ['person', (id) => inHere({ participant_ids: [id] })],
  'change_participant_role.conversation_id': [
    'conversation',
    (id) => ({ conversation_id: id, user_id: ann.id, participant_role: 'member' }),
  ],
  'change_participant_role.user_id': ['person', (id) => inHere({ user_id: id, participant_role: 'member' })],
  'remove_participant.conversation_id': ['conversation', (id) => ({ conversation_id: id, user_id: ann.id })],
  'remove_participant.user_id': ['person', (id) => inHere({ user_id: id })],
  'create_conversation.participant_ids': ['person', (id) => ({ type: 'group', participant_ids: [id] })],
  'get_presence.user_ids': ['person', (id) => ({ user_ids: [id] })],
  'read_message_as_admin.message_id': ['message', (id) => ({ message_id: id, reason: 'a complaint' })],
  'grant_break_glass.conversation_id': ['for administrators', (id) => ({ conversation_id: id, minutes: 5, reason: 'a complaint' })],
  'grant_break_glass.user_id': ['for administrators', (id) => inHere({ user_id: id, minutes: 5, reason: 'a complaint' })],
  'end_break_glass.grant_id': ['for administrators', (id) => ({ grant_id: id })],
  'list_messages_as_admin.conversation_id': ['for administrators', (id) => ({ conversation_id: id })],
  'export_person.user_id': ['for administrators', (id) => ({ user_id: id, reason: 'asked for' })],
  'list_pushes_as_admin.message_id': ['for administrators', (id) => ({ message_id: id })],
  'mute_conversation.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'unmute_conversation.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'get_mute.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'join_conversation.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'leave_conversation.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'typing_start.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
  'typing_stop.conversation_id': ['conversation', (id) => ({ conversation_id: id })],
}

const isUuid = (schema: object | undefined) => schema !== undefined && 'pattern' in schema && schema.pattern === uuidPattern
const takesIds = (schema: object) => isUuid(schema) || ('items' in schema && isUuid(schema.items as object))

test('every place of the contract where an id can stand is known here', () => {
  const ofContract = Object.entries(operations).flatMap(([name, { input }]) =>
    Object.entries<object>(input.properties).flatMap(([field, schema]) => (takesIds(schema) ? [`${name}.${field}`] : [])),
  )
  expect(Object.keys(places).sort()).toEqual(ofContract.sort())
})

const rows = Object.entries(places).flatMap(([place, [kind, put]]) => {
  const name = place.split('.')[0] as OperationName
  return transportsOf(name).map((transport) => ({ place, name, transport, kind, put }))
})
const of = (kind: string) => rows.filter((row) => row.kind === kind)

const everything = () => Promise.all([here, other, foreign].map((conversation) => stored(world, conversation)))

describe('the id of a message', () => {
  // Of these a stranger learns that the message exists, which the contract says: 403 and not 404.
  const namesItsConversation = ['delete_message', 'list_receipts', 'read_message_as_admin']

  test.each(of('message').filter(({ name }) => !namesItsConversation.includes(name)))(
    'of another conversation, in $place over $transport, is as one that never was',
    async ({ transport, name, put }) => {
      const before = await everything()
      const never = await ask(transport, name, put(newUserId()))
      expect(never[0]).toBe(name.startsWith('mark') ? 'ok' : 'MESSAGE_NOT_FOUND')
      for (const id of [hidden.id, elsewhere.id]) expect(await ask(transport, name, put(id))).toEqual(never)
      for (const id of [here.id, ann.id]) expect(await ask(transport, name, put(id))).toEqual(never)
      expect(await everything()).toEqual(before)
    },
  )

  test.each(of('message').filter(({ name }) => namesItsConversation.includes(name)))(
    'of a foreign conversation, in $place over $transport, is refused without a word of it',
    async ({ transport, name, put }) => {
      const before = await everything()
      const expected = name === 'read_message_as_admin' ? 'FORBIDDEN' : 'NOT_A_PARTICIPANT'
      expect(await ask(transport, name, put(hidden.id))).toEqual([expected, undefined])
      expect(await everything()).toEqual(before)
    },
  )

  test.each(['rest', 'socket'] as const)('of elsewhere among good ones is passed over (%s)', async (transport) => {
    const fresh = await carl.send(foreign, 'more')
    const [code, data] = await ask(transport, 'mark_delivered', inHere({ message_ids: [fresh.id, own.id, elsewhere.id, newUserId()] }))
    expect(code).toBe('ok')
    expect([[], [own.id]]).toContainEqual((data as { message_ids: string[] }).message_ids)
    const [{ delivered_to } = { delivered_to: ['?'] }] = await carl.history(foreign)
    expect(delivered_to).toEqual([carl.id])
  })
})

test.each(['rest', 'socket'] as const)('marks of messages of elsewhere are told to nobody, here or there (%s)', async (transport) => {
  const listeners = await Promise.all([joinFrom(carl, foreign), joinFrom(bob, foreign), joinFrom(bob, here), joinFrom(bob, other)])
  for (const name of ['mark_delivered', 'mark_read'] as const)
    expect(await ask(transport, name, inHere({ message_ids: [hidden.id, elsewhere.id, newUserId()] }))).toMatchObject([
      'ok',
      { message_ids: [] },
    ])
  await Promise.all([
    hearOut(carl, foreign, ...listeners.slice(0, 2)),
    hearOut(bob, here, ...listeners.slice(2, 3)),
    hearOut(bob, other, ...listeners.slice(3)),
  ])
  for (const listener of listeners) {
    expect([...listener.seen('message_read'), ...listener.seen('message_delivered')]).toEqual([])
    listener.close()
  }
})

describe('the id of a conversation', () => {
  test.each(of('conversation'))(
    'in $place over $transport: a foreign one is refused, others are not there',
    async ({ transport, name, put }) => {
      const before = await everything()
      expect(await ask(transport, name, put(foreign.id))).toEqual(['NOT_A_PARTICIPANT', undefined])
      for (const id of [newUserId(), own.id, ann.id, connection.socket.id ?? ''])
        expect(await ask(transport, name, put(id))).toEqual([
          id === connection.socket.id ? 'VALIDATION_ERROR' : 'CONVERSATION_NOT_FOUND',
          undefined,
        ])
      expect(await everything()).toEqual(before)
    },
  )
})

test.each(of('for administrators'))(
  'any id in $place opens nothing to somebody who is no administrator',
  async ({ transport, name, put }) => {
    const before = await everything()
    for (const id of [foreign.id, hidden.id, carl.id, here.id, own.id, newUserId()])
      expect(await ask(transport, name, put(id))).toEqual(['FORBIDDEN', undefined])
    expect(await everything()).toEqual(before)
  },
)

describe('the id of a person', () => {
  test.each(of('person').filter(({ name }) => name.endsWith('_participant') || name.endsWith('_role')))(
    'who is not here, in $place over $transport, is as nobody’s',
    async ({ transport, name, put }) => {
      for (const id of [carl.id, newUserId(), foreign.id])
        expect(await ask(transport, name, put(id))).toEqual(['USER_NOT_FOUND', undefined])
    },
  )

  test.each(of('person').filter(({ name }) => name === 'create_conversation' || name === 'add_participants'))(
    'that is a conversation’s or a message’s, in $place, is nobody’s',
    async ({ transport, name, put }) => {
      for (const id of [foreign.id, hidden.id]) expect(await ask(transport, name, put(id))).toEqual(['VALIDATION_ERROR', undefined])
    },
  )

  test('of a stranger has no presence, whether they exist or not', async () => {
    for (const id of [carl.id, newUserId(), foreign.id])
      expect(await ask('rest', 'get_presence', { user_ids: [id] })).toEqual(['ok', { presence: [] }])
  })
})

describe('a cursor', () => {
  test('of another person opens nothing of theirs', async () => {
    for (let i = 0; i < 2; i++) await carl.create({ type: 'group', participant_ids: [(await world.person('Emil')).id] })
    const { data } = await carl.rest<{ pagination: { next_cursor: string } }>('GET', '/api/v1/chat/conversations?limit=1')
    const [code, page] = await ask('rest', 'list_conversations', { cursor: data.pagination.next_cursor })
    expect(code).toBe('ok')
    for (const { participant_ids } of (page as { conversations: Conversation[] }).conversations) expect(participant_ids).toContain(ann.id)
  })

  test.each(['rest', 'socket'] as const)('of sync that is another person’s gives one’s own changes alone (%s)', async (transport) => {
    const theirs = (await carl.rest<{ next: string }>('GET', '/api/v1/chat/sync')).data.next
    await carl.send(foreign, 'hidden-marker again')
    const [code, page] = await ask(transport, 'sync', { since: theirs })
    expect(code).toBe('ok')
    expect(JSON.stringify(page)).not.toContain('hidden-marker')
    expect(JSON.stringify(page)).not.toContain(foreign.id)
  })

  test.each([
    ['that is no cursor', 'x'],
    ['that is a path', '../../etc/passwd'],
    ['of other bytes', Buffer.from('1 2 3').toString('base64url')],
    ['of a time beyond all times', Buffer.from(`999999999999999 ${newUserId()}`).toString('base64url')],
    ['with a query in it', Buffer.from(`1700000000000 ' or true --`).toString('base64url')],
    ['of another kind', '12345-1'],
  ])('%s causes no fault', async (_, value) => {
    for (const answer of [
      await ask('rest', 'list_conversations', { cursor: value }),
      await ask('rest', 'sync', { since: value }),
      await ask('socket', 'sync', { since: value }),
    ])
      expect(['ok', 'VALIDATION_ERROR']).toContain(answer[0])
  })
})
