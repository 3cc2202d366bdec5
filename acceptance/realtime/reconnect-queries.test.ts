import { countQueries, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

// What the database is asked when somebody comes back: a gateway that ends sends all of its people elsewhere.

let world: World
beforeAll(async () => void (world = await startWorld({ env: { CHAT_CACHE: 'off' } })))
afterAll(() => world.close())

/** Without what is asked from time to time, whoever comes: who is still active, the outbox, the rooms of a share of the sockets. */
const except = /where "(is_active|role)" =|outbox|chat_seal_audit|^\s*select user_id, conversation_id from conversation_members/

test('who connects and joins costs two queries: one tells who it is and what they hear, one is asked when they are in the room', async () => {
  const { ann, conversation } = await world.twoPeople()
  const connectAndJoin = async () => (await ann.connect()).get('join_conversation', { conversationId: conversation.id })
  expect(await countQueries(connectAndJoin, { except })).toBe(2)
})
