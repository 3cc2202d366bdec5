import { eventually, joinFrom, startWorld, type Connection, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

test('100 messages sent on one connection without waiting keep their order', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const [sender, near, far] = await Promise.all([joinFrom(ann, conversation), joinFrom(bob, conversation), joinFrom(bob, conversation, 1)])
  const contents = upTo(100).map((i) => `message ${i}`)

  const answers = await Promise.all(contents.map((content) => sender.get('send_message', { conversationId: conversation.id, content })))

  expect(answers.map(({ seq }) => seq)).toEqual(upTo(100))
  for (const connection of [sender, near, far]) {
    await eventually(() => expect(connection.seen('new_message')).toHaveLength(100))
    expect(connection.seen('new_message').map(({ seq, content }) => [seq, content])).toEqual(contents.map((content, i) => [i + 1, content]))
  }
  const history = await bob.history(conversation, '?limit=100')
  expect(history.map(({ content }) => content).reverse()).toEqual(contents)
})

test('200 simultaneous sends over every instance take the seqs 1 to 200, and every connection hears each exactly once', async () => {
  const [ann, bob, cid, dan] = await world.people('Ann', 'Bob', 'Cid', 'Dan')
  const senders = [ann, bob, cid, dan]
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id, dan.id] })
  const sockets = await Promise.all(senders.flatMap((who) => [joinFrom(who, group, 0), joinFrom(who, group, 1)]))
  const sends = upTo(200).map(async (i) => {
    const socket = i % 2 === 0 ? sockets[i % sockets.length] : undefined
    if (socket) return (await socket.get('send_message', { conversationId: group.id, content: `${i}` })).seq
    return senders[i % senders.length]?.send(group, `${i}`, {}, { api: i >> 1 }).then(({ seq }) => seq)
  })

  expect(((await Promise.all(sends)) as number[]).sort((a, b) => a - b)).toEqual(upTo(200))

  await Promise.all(sockets.map((socket) => hearsEach(socket, 200)))
  const pages = await Promise.all([1, 2].map((page) => dan.history(group, `?limit=100&page=${page}`, { api: page })))
  expect(pages.flat().map(({ seq }) => seq)).toEqual(upTo(200).reverse())
  expect(await cid.conversation(group.id)).toMatchObject({ last_message: { seq: 200 } })
})

async function hearsEach(socket: Connection, count: number): Promise<void> {
  await eventually(() => expect(socket.seen('new_message').length).toBeGreaterThanOrEqual(count))
  expect(
    socket
      .seen('new_message')
      .map(({ seq }) => seq)
      .sort((a, b) => a - b),
  ).toEqual(upTo(count))
}

test('messages of one instance arrive in the order of their seq', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const listener = await joinFrom(bob, conversation, 1)
  await Promise.all(upTo(50).map((i) => (i % 2 ? ann : bob).send(conversation, `${i}`, {}, { api: 1 })))
  await eventually(() => expect(listener.seen('new_message')).toHaveLength(50))
  expect(listener.seen('new_message').map(({ seq }) => seq)).toEqual(upTo(50))
})

test('the seqs of a conversation have no gap after refused, repeated, deleted and system messages', async () => {
  const { ann, bob, conversation: direct } = await world.twoPeople()
  const [cid] = await world.people('Cid')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const seqs: number[] = []
  const first = await ann.send(group, 'once', { client_message_id: 'k' })
  const elsewhere = await ann.send(direct, 'elsewhere')
  await ann.send(group, 'once', { client_message_id: 'k' })
  await Promise.allSettled([ann.send(group, 'other', { client_message_id: 'k' }), ann.send(group, ''), cid.send(group, 'no')])
  await Promise.allSettled([ann.send(group, 'x', { parent_message_id: elsewhere.id }), ann.send(group, 'x', { message_type: 'system' })])
  await ann.rest('DELETE', `/api/v1/chat/messages/${first.id}`)
  await ann.rest('POST', `/api/v1/chat/conversations/${group.id}/participants`, { participant_ids: [cid.id] })
  seqs.push(first.seq, (await cid.send(group, 'I am here')).seq, (await bob.send(group, 'hello')).seq)
  expect(seqs).toEqual([1, 3, 4])
  expect((await cid.history(group)).map(({ seq, message_type }) => [seq, message_type])).toEqual([
    [4, 'text'],
    [3, 'text'],
    [2, 'system'],
  ])
})
