import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => void (world = await startWorld({ gateways: 2 })))
afterAll(() => world.close())

test('who is told that they are connected hears everything from that moment on', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const sender = await ann.connect(0)

  for (let n = 1; n <= 20; n++) {
    const socket = await bob.connect(n)
    // Not joined: heard through a room that the gateway puts the socket into by itself.
    const sent = await sender.get('send_message', { conversationId: conversation.id, content: `m${n}` })
    const activity = await socket.hears('conversation_activity')
    expect(activity.last_message?.id).toBe(sent.id)
    socket.close()
  }
  sender.close()
})
