import { randomUUID } from 'node:crypto'
import type { Message, Receipt } from '@viatra-chat/contract'
import { doors, hearOut, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())

const markEvents = new Set(['message_read', 'message_delivered'])
/** Of receipts only: what was sent before a connection was there may still be told to it. */
const marksTold = (connection: Connection) => connection.told().filter(([event]) => markEvents.has(event))

const receiptsOf = async (who: Person, message: Message) =>
  (await who.rest<{ receipts: Receipt[] }>('GET', `/api/v1/chat/messages/${message.id}/receipts`)).data.receipts

const sendSome = async (who: Person, conversation: { id: string }, count: number) => {
  const messages: Message[] = []
  for (let i = 0; i < count; i++) messages.push(await who.send(conversation, `${i}`))
  return messages
}

const sorted = (ids: string[]) => [...ids].sort()

describe.each(doors)('over $name', (door) => {
  const mark = async (who: Person, kind: 'read' | 'delivered', conversation: { id: string }, message_ids: unknown) => {
    const answer = await door.ask(who, `mark_${kind}`, { conversation_id: conversation.id, message_ids })
    return answer.success ? answer.data : { code: answer.code, paths: answer.errors?.map(({ path }) => path) }
  }

  test('reading tells the room once for each newly marked message, and says nothing of delivery', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const other = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const [elsewhere, own] = [await ann.send(other, 'elsewhere'), await bob.send(conversation, 'mine')]
    const messages = await sendSome(ann, conversation, 3)
    const [first, second] = messages
    const joined = await Promise.all([joinFrom(ann, conversation, 0), joinFrom(ann, conversation, 1), joinFrom(bob, conversation, 1)])
    const unjoined = await ann.connect()
    await unjoined.settled()

    const ids = [second?.id, first?.id, second?.id, randomUUID(), elsewhere.id, own.id]
    const answer = await mark(bob, 'read', conversation, ids)
    expect(answer).toEqual({ message_ids: expect.any(Array), unread_count: 1 })
    expect(sorted(answer.message_ids as string[])).toEqual(sorted(messages.slice(0, 2).map(({ id }) => id)))
    expect(await mark(bob, 'read', conversation, ids)).toEqual({ message_ids: [], unread_count: 1 })
    expect(await mark(bob, 'delivered', conversation, ids)).toEqual({ message_ids: [] })

    await hearOut(ann, conversation, ...joined, unjoined)
    const at = joined[0].seen('message_read')[0]?.at
    expect(marksTold(joined[0])).toEqual(
      messages.slice(0, 2).map(({ id }) => ['message_read', { messageId: id, userId: bob.id, conversationId: conversation.id, at }]),
    )
    for (const connection of joined) expect(marksTold(connection)).toEqual(marksTold(joined[0]))
    expect(marksTold(unjoined)).toEqual([])

    const [, third, ...rest] = await ann.history(conversation, '', { api: 1 })
    const readers = { read_by: [ann.id, bob.id], delivered_to: [ann.id, bob.id] }
    expect(rest.slice(0, 2)).toMatchObject([readers, readers])
    expect(third).toMatchObject({ read_by: [ann.id], delivered_to: [ann.id] })
    if (first) {
      expect(await receiptsOf(ann, first)).toHaveLength(2)
      expect(await receiptsOf(ann, first)).toContainEqual({ user_id: bob.id, delivered_at: at, read_at: at })
      expect(await receiptsOf(bob, first)).toContainEqual({ user_id: ann.id, delivered_at: first.created_at, read_at: first.created_at })
    }
  })

  test('delivery tells the room once, and reading afterwards tells of reading alone', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [message] = (await sendSome(ann, conversation, 1)) as [Message]
    const listener = await joinFrom(ann, conversation, 1)

    expect(await mark(bob, 'delivered', conversation, [message.id.toUpperCase()])).toEqual({ message_ids: [message.id] })
    expect(await mark(bob, 'delivered', conversation, [message.id])).toEqual({ message_ids: [] })
    expect((await ann.history(conversation))[0]).toMatchObject({ read_by: [ann.id], delivered_to: [ann.id, bob.id] })
    expect(await mark(bob, 'read', conversation, [message.id])).toEqual({ message_ids: [message.id], unread_count: 0 })

    await hearOut(ann, conversation, listener)
    const [delivered, read] = [listener.seen('message_delivered')[0]?.at, listener.seen('message_read')[0]?.at]
    const receipt = { messageId: message.id, userId: bob.id, conversationId: conversation.id }
    expect(marksTold(listener)).toEqual([
      ['message_delivered', { ...receipt, at: delivered }],
      ['message_read', { ...receipt, at: read }],
    ])
    expect(await receiptsOf(ann, message)).toContainEqual({ user_id: bob.id, delivered_at: delivered, read_at: read })
  })

  const path = door.name === 'rest' ? 'message_ids' : 'messageIds'
  test.each<[what: string, ids: unknown, paths: string[]]>([
    ['no ids', undefined, [path]],
    ['an empty list', [], [path]],
    ['a single id', randomUUID(), [path]],
    ['101 ids', Array.from({ length: 101 }, () => randomUUID()), [path]],
    ['something that is no UUID', [randomUUID(), 'x', randomUUID(), 4], [`${path}.1`, `${path}.3`]],
  ])('%s: refused with the path', async (_, ids, paths) => {
    const { ann, conversation } = await world.twoPeople()
    for (const kind of ['read', 'delivered'] as const)
      expect(await mark(ann, kind, conversation, ids)).toEqual({ code: 'VALIDATION_ERROR', paths })
  })

  test('only participants mark', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [cid] = await world.people('Cid')
    const [message] = (await sendSome(ann, conversation, 1)) as [Message]
    for (const kind of ['read', 'delivered'] as const) {
      expect(await mark(cid, kind, conversation, [message.id])).toMatchObject({ code: 'NOT_A_PARTICIPANT' })
      expect(await mark(bob, kind, { id: randomUUID() }, [message.id])).toMatchObject({ code: 'CONVERSATION_NOT_FOUND' })
    }
    expect((await ann.history(conversation))[0]).toMatchObject({ read_by: [ann.id], delivered_to: [ann.id] })
  })

  test('over 50 people: only the sender hears of it, joined or not, on every gateway', async () => {
    const ann = await world.person('Ann')
    const others = await world.people(...Array.from({ length: 50 }, (_, i) => `Reader ${i}`))
    const [bob, cid] = others as [Person, Person]
    const group = await ann.create({ type: 'group', participant_ids: others.map(({ id }) => id) })
    const [message, second] = (await sendSome(ann, group, 2)) as [Message, Message]
    const [joined, unjoined, inTheRoom] = await Promise.all([joinFrom(ann, group, 0), ann.connect(1), joinFrom(cid, group)])

    await mark(bob, 'delivered', group, [message.id])
    await mark(bob, 'read', group, [message.id])
    await hearOut(ann, group, joined, unjoined, inTheRoom)
    for (const connection of [joined, unjoined])
      expect(marksTold(connection).map(([event]) => event)).toEqual(['message_delivered', 'message_read'])
    expect(marksTold(inTheRoom)).toEqual([])

    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${others.at(-1)?.id}`)
    await hearOut(ann, group, joined, unjoined, inTheRoom)
    for (const connection of [joined, unjoined, inTheRoom]) connection.forget()
    await mark(bob, 'read', group, [second.id])
    await hearOut(ann, group, joined, unjoined, inTheRoom)
    expect([joined, unjoined, inTheRoom].map((connection) => marksTold(connection).length)).toEqual([1, 0, 1])
  })
})

test('several devices that mark the same messages at once announce each message once', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const messages = await sendSome(ann, conversation, 20)
  const [listener, ...devices] = await Promise.all([joinFrom(ann, conversation, 1), ...[0, 0, 1, 1].map((gateway) => bob.connect(gateway))])
  const path = `/api/v1/chat/conversations/${conversation.id}/read`

  for (let i = 0; i < messages.length; i += 2) {
    const messageIds = messages.slice(i, i + 2).map(({ id }) => id)
    const answers = await Promise.all([
      ...devices.map(async (device) => (await device.get('mark_read', { conversationId: conversation.id, messageIds })).message_ids),
      ...[0, 1].map(async (api) => (await bob.rest('POST', path, { message_ids: messageIds }, { api })).data.message_ids),
    ])
    expect(sorted(answers.flat() as string[])).toEqual(sorted(messageIds))
  }
  await hearOut(ann, conversation, listener)
  expect(marksTold(listener).map(([event]) => event)).toEqual(messages.map(() => 'message_read'))
  expect(sorted(listener.seen('message_read').map(({ messageId }) => messageId))).toEqual(sorted(messages.map(({ id }) => id)))
})

test('marking over sockets has no limit per minute', async () => {
  const limited = await startWorld({ env: { RATE_LIMIT_MULTIPLIER: '1' } })
  try {
    const { ann, bob, conversation } = await limited.twoPeople()
    const message = await ann.send(conversation, 'hi')
    const socket = await bob.connect()
    const marks = Array.from({ length: 70 }, () => socket.get('mark_read', { conversationId: conversation.id, messageIds: [message.id] }))
    await Promise.all(marks)
  } finally {
    await limited.close()
  }
})
