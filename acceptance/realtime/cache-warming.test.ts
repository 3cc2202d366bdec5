import { eventually, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => void (world = await startWorld()))
afterAll(() => world.close())

test('a person who connects finds the first page of their conversations in the cache', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  await ann.send(conversation, 'hello')
  const key = `chat:conversation:${bob.id}:1:20:all`
  expect(await world.redis.exists(key)).toBe(0)

  const connection = await bob.connect()

  await eventually(async () => expect(await world.redis.exists(key)).toBe(1))
  const [listed] = await bob.conversations()
  expect(listed).toMatchObject({ id: conversation.id, unread_count: 1, last_message: { content: 'hello' } })
  connection.close()
})
