import { fileURLToPath } from 'node:url'
import type { Message } from '@viatra-chat/contract'
import { findPythonSocketio, joinFrom, startWorld, type Ack, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const script = fileURLToPath(new URL('python_client.py', import.meta.url))

interface Seen {
  joined: Ack
  sent: Ack
  refused: Ack
  messages: Message[]
  connect_error: unknown
}

test('an independent client connects, joins, sends, hears and is refused', { timeout: 120_000 }, async (context) => {
  const python = await findPythonSocketio().catch((reason: Error) => context.skip(`python-socketio is not to be had: ${reason.message}`))
  const { ann, bob, conversation } = await world.twoPeople()
  const listener = await joinFrom(bob, conversation)

  const output = python.run(script, [world.gateways[0] ?? '', ann.token, conversation.id])
  const [, answer] = await Promise.all([output, listener.hears('new_message').then(() => bob.send(conversation, 'Hello, Python'))])
  const seen = JSON.parse(await output) as Seen

  expect(seen.joined).toMatchObject({ success: true, data: { conversationId: conversation.id, last_seq: 0 } })
  expect(seen.sent).toMatchObject({ success: true, data: { content: 'Grüße von Python 🐍', sender_id: ann.id, seq: 1 } })
  expect(seen.refused).toMatchObject({ success: false, code: 'VALIDATION_ERROR', errors: [{ path: 'conversationId' }] })
  expect(seen.messages).toEqual([seen.sent.success && seen.sent.data, answer])
  expect(seen.connect_error).toMatchObject({ data: { code: 'TOKEN_INVALID', message: expect.any(String) } })
})
