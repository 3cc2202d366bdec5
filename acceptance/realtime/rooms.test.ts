import { randomUUID } from 'node:crypto'
import type { Conversation } from '@viatra-chat/contract'
import { eventually, hearOut, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())

const participants = ({ id }: { id: string }) => `/api/v1/chat/conversations/${id}/participants`
const remove = (who: Person, conversation: { id: string }, whom: Person, api = 0) =>
  who.rest('DELETE', `${participants(conversation)}/${whom.id}`, undefined, { api })
const add = (who: Person, conversation: { id: string }, ...people: Person[]) =>
  who.rest('POST', participants(conversation), { participant_ids: people.map(({ id }) => id) }, { api: 1 })

describe('joining', () => {
  test('is answered with the last seq, and everything of the room follows', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const socket = await bob.connect(1)
    const conversationId = conversation.id
    expect(await socket.get('join_conversation', { conversationId })).toEqual({ conversationId, last_seq: 0 })
    await ann.send(conversation, 'one')
    const second = await ann.send(conversation, 'two')
    expect(await socket.get('join_conversation', { conversation_id: conversationId.toUpperCase() })).toEqual({
      conversationId,
      last_seq: 2,
    })
    await hearOut(ann, conversation, socket)
    // That the conversation was made may come after its answer.
    const told = socket.told().map(([event]) => event)
    expect(told.filter((event) => event !== 'conversation_created')).toEqual(['new_message', 'new_message'])
    expect(socket.seen('new_message').at(-1)).toEqual(second)
  })

  test.each<[what: string, payload: unknown, paths: string[]]>([
    ['no id', {}, ['conversationId']],
    ['an id that is no UUID', { conversationId: 'general' }, ['conversationId']],
    ['a number', { conversationId: 5 }, ['conversationId']],
    ['a list of ids', { conversationId: [randomUUID()] }, ['conversationId']],
  ])('with %s is refused', async (_, payload, paths) => {
    const { ann } = await world.twoPeople()
    const socket = await ann.connect()
    for (const event of ['join_conversation', 'leave_conversation', 'typing_start', 'typing_stop']) {
      const ack = await socket.ask(event, payload)
      expect(ack).toEqual({
        success: false,
        code: 'VALIDATION_ERROR',
        message: expect.any(String),
        errors: expect.any(Array),
        request_id: expect.stringMatching(/^[\w-]{1,64}$/),
      })
      expect(ack).toMatchObject({ errors: paths.map((path) => ({ path, message: expect.any(String) })) })
    }
  })

  test('is for participants, of conversations that exist', async () => {
    const { ann, conversation } = await world.twoPeople()
    const stranger = await (await world.person('Cid')).connect()
    const conversationId = conversation.id
    expect(await stranger.refused('join_conversation', { conversationId })).toBe('NOT_A_PARTICIPANT')
    expect(await stranger.refused('leave_conversation', { conversationId })).toBe('NOT_A_PARTICIPANT')
    expect(await stranger.refused('join_conversation', { conversationId: randomUUID() })).toBe('CONVERSATION_NOT_FOUND')
    const own = await ann.connect()
    await hearOut(ann, conversation, own)
    await stranger.settled()
    expect(stranger.told()).toEqual([])
  })
})

test('who leaves the room hears of it on the list screen alone, and may leave twice', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const conversationId = conversation.id
  const [left, stayed] = await Promise.all([joinFrom(bob, conversation), joinFrom(bob, conversation)])
  expect(await left.get('leave_conversation', { conversationId })).toEqual({ conversationId })
  expect(await left.get('leave_conversation', { conversationId })).toEqual({ conversationId })
  const message = await ann.send(conversation, 'hi')
  await ann.rest('POST', `/api/v1/chat/conversations/${conversationId}/delivered`, { message_ids: [message.id] })
  await hearOut(ann, conversation, left, stayed)
  // That the conversation exists may still be told to who has just come.
  const toldSince = ({ told }: Connection) => told().flatMap(([event]) => (event === 'conversation_created' ? [] : [event]))
  expect(toldSince(left)).toEqual(['conversation_activity'])
  expect(toldSince(stayed)).toEqual(['new_message'])
})

describe('a removed person', () => {
  async function threePeople(): Promise<{ ann: Person; bob: Person; cid: Person; group: Conversation; direct: Conversation }> {
    const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
    return { ann, bob, cid, group, direct: await ann.create({ participant_ids: [bob.id] }) }
  }

  const isOf = (conversation: Conversation) => (heard: [string, unknown]) => JSON.stringify(heard).includes(conversation.id)

  test.each([['removed by the owner'], ['leaving']])(
    '%s: hears that and nothing more on either gateway, and cannot come back',
    async (how) => {
      const { ann, bob, cid, group, direct } = await threePeople()
      const sockets = await Promise.all([joinFrom(bob, group, 0), joinFrom(bob, group, 1), bob.connect(0), bob.connect(1)])
      const witness = await joinFrom(cid, group, 1)
      await Promise.all(sockets.map((socket) => socket.settled()))

      const leaver = how === 'leaving' ? bob : ann
      expect((await remove(leaver, group, bob, 1)).status).toBe(200)
      const message = await ann.send(group, 'without Bob')
      await ann.rest('PATCH', `/api/v1/chat/conversations/${group.id}`, { metadata: { name: 'Without Bob' } })
      await cid.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [message.id] })
      await ann.rest('DELETE', `/api/v1/chat/messages/${message.id}`)

      await hearOut(ann, direct, ...sockets)
      for (const socket of sockets) {
        expect(socket.told().filter(isOf(group))).toEqual([['conversation_removed', { conversationId: group.id }]])
        for (const event of ['join_conversation', 'leave_conversation', 'typing_start'])
          expect(await socket.refused(event, { conversationId: group.id })).toBe('NOT_A_PARTICIPANT')
        expect(await socket.refused('send_message', { conversationId: group.id, content: 'x' })).toBe('NOT_A_PARTICIPANT')
      }
      await hearOut(ann, group, witness)
      expect(witness.told().map(([event]) => event)).toEqual(
        // The system messages of the two changes are told as any other.
        ['new_message', 'conversation_updated', 'new_message', 'new_message', 'conversation_updated', 'message_read', 'message_deleted'],
      )
    },
  )

  test('does not slip back in by joining at the same moment', async () => {
    const { ann, bob, group, direct } = await threePeople()
    const sockets = await Promise.all([0, 1, 0, 1].map((gateway) => bob.connect(gateway)))
    for (let round = 0; round < 3; round++) {
      await Promise.all(sockets.map((socket) => socket.get('join_conversation', { conversationId: group.id })))
      const removal = remove(ann, group, bob, round)
      let isRemoved = false
      void removal.then(() => (isRemoved = true))
      await Promise.all(sockets.map((socket) => joinUntil(() => isRemoved, socket, group)))
      await removal
      await eventually(() => Promise.all(sockets.map((socket) => socket.hears('conversation_removed'))))
      for (const socket of sockets) socket.forget()

      await ann.send(group, 'without Bob')
      await hearOut(ann, direct, ...sockets)
      // That it is over may be said twice, when the first time took long.
      for (const socket of sockets) expect(socket.told().filter(([event]) => event !== 'conversation_removed')).toEqual([])
      await add(ann, group, bob)
      await Promise.all(sockets.map((socket) => socket.hears('conversation_created')))
    }
  })

  async function joinUntil(isOver: () => boolean, socket: Connection, conversation: Conversation): Promise<void> {
    while (!isOver()) await Promise.all([1, 2, 3].map(() => socket.ask('join_conversation', { conversationId: conversation.id })))
  }

  test('does not hear of it when removed while connecting', async () => {
    const { ann, bob, group, direct } = await threePeople()
    const [sockets] = await Promise.all([Promise.all([0, 1, 0, 1].map((gateway) => bob.connect(gateway))), remove(ann, group, bob)])
    await hearOut(ann, direct, ...sockets)
    for (const socket of sockets) socket.forget()
    await ann.send(group, 'without Bob')
    await hearOut(ann, direct, ...sockets)
    for (const socket of sockets) expect(socket.told()).toEqual([])
  })
})

test('added people hear of the conversation on every gateway, then of what happens in it, and may join', async () => {
  const { ann, bob } = await world.twoPeople()
  const [cid, dan] = await world.people('Cid', 'Dan')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const first = await ann.send(group, 'before they came')
  const sockets = await Promise.all([cid.connect(0), cid.connect(1), dan.connect(1)])
  await Promise.all(sockets.map((socket) => socket.settled()))

  await add(ann, group, cid, dan)
  for (const socket of sockets) {
    const created = await socket.hears('conversation_created')
    expect(created).toMatchObject({ id: group.id, participant_count: 4, unread_count: 0, last_message: { message_type: 'system' } })
    expect(socket.told()[0]).toEqual(['conversation_created', created])
  }
  const [near, far] = sockets
  await far.get('join_conversation', { conversationId: group.id })
  const welcome = await bob.send(group, 'welcome', {}, { api: 1 })
  await hearOut(bob, group, near, far)
  expect(near.seen('conversation_activity').at(-1)).toEqual({
    conversationId: group.id,
    last_message: welcome,
    last_message_at: welcome.created_at,
  })
  expect(far.seen('new_message')).toEqual([welcome])
  expect((await cid.history(group)).map(({ id }) => id)).toContain(first.id)
  expect(await cid.conversation(group.id)).toMatchObject({ unread_count: 2 })
})

test('a person who is removed and added again hears and joins as before', async () => {
  const [ann, bob] = await world.people('Ann', 'Bob')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const socket = await joinFrom(bob, group, 1)
  await remove(ann, group, bob)
  await add(ann, group, bob)
  await socket.hears('conversation_created')
  await socket.get('join_conversation', { conversationId: group.id })
  socket.forget()
  const message = await ann.send(group, 'welcome back')
  await socket.hears('new_message', ({ id }) => id === message.id)
})
