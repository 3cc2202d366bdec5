import { joinFrom, startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ gateways: 2, env: { CHAT_MESSAGE_MAX_LENGTH: '20000' } })
})
afterAll(() => world.close())

// Frames of a WebSocket have three forms, by their length in bytes; a handshake is of the first.
test.each([1, 5_000, 15_000, 20_000])(
  'a message of %i characters of four bytes arrives whole, on every gateway and as an answer',
  async (length) => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [there, here] = [await joinFrom(bob, conversation, 1), await joinFrom(ann, conversation, 0)]
    const content = '🩺'.repeat(length)
    const answer = await here.get('send_message', { conversationId: conversation.id, content })
    expect(answer).toMatchObject({ content })
    for (const connection of [here, there]) await connection.hears('new_message', (message) => message.content === content)
  },
)
