import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => void (world = await startWorld()))
afterAll(() => world.close())

test('a send that follows the answer to another at once is flushed although nobody else sends', async () => {
  const { ann, conversation } = await world.twoPeople()
  const socket = await ann.connect()
  const send = (n: number) => socket.get('send_message', { conversationId: conversation.id, message_type: 'text', content: `m${n}` })

  // Each answer lets the next one go, so that sends arrive at every moment of the end of a flush.
  for (let n = 0; n < 150; n += 3) await Promise.all([send(n).then(() => send(n + 1)), send(n + 2)])

  expect(await ann.history(conversation, '?limit=1')).toMatchObject([{ seq: 150 }])
  socket.close()
})

test('receipts of a long talk stay a few ranges, however often the speakers changed', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const path = `/api/v1/chat/conversations/${conversation.id}/read`
  for (let turn = 0; turn < 30; turn++) {
    await ann.send(conversation, `question ${turn}`)
    await bob.send(conversation, `answer ${turn}`)
  }
  const ofAnn = (await bob.history(conversation, '?limit=100'))
    .filter((message) => message.sender_id === ann.id)
    .map((message) => message.id)

  for (const id of ofAnn.reverse()) await bob.rest('POST', path, { message_ids: [id] })

  const { rows } = await world.database.query<{ ranges: number }>(
    'select (select count(*)::int from unnest(read_seqs)) as ranges from conversation_members where conversation_id = $1 and user_id = $2',
    [conversation.id, bob.id],
  )
  expect(rows).toEqual([{ ranges: 1 }])
  const receipts = (await ann.history(conversation, '?limit=100')).map((message) => message.read_by.length)
  expect(receipts).toEqual(Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 1 : 2)))
})
