import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { SOCKET_IDLE_TIMEOUT: '2s' } })
})
afterAll(() => world.close())

test('a session in which nothing is done ends and says why; an older one in which something is done goes on', async () => {
  const { ann, bob, conversation } = await world.twoPeople()
  const busy = await ann.connect()
  const idle = await bob.connect()
  // Pings and what is heard do not count: this makes events for both.
  while (idle.socket.connected) await busy.get('send_message', { conversationId: conversation.id, content: 'still here' })
  expect(idle.seen('error')).toMatchObject([{ code: 'TOKEN_EXPIRED', message: 'The session was idle for too long.', event: null }])
  expect(busy.socket.connected).toBe(true)
  expect((await world.database.query('select from messages where sender_id = $1', [ann.id])).rowCount).toBeGreaterThan(1)
})
