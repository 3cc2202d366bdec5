import type { Message, UserId } from '@viatra-chat/contract'
import { expect, test } from 'vitest'
import { readBatch, writeBatch } from '../src/events/event-batch.js'
import { newMessageMark, readNewMessage, writeNewMessage } from '../src/events/new-message.js'
import { writeMessage } from '../src/messages/written-message.js'
import { createdAtOf, readEventFrame, writeEventFrame } from '../src/events/event-frame.js'

const audience = { rooms: ['conversation:c'], except: ['user:u'] }

test.each([
  ['plain text', 'hi'],
  ['tabs and ends of lines', 'a\tb\nc\r\nd\u2028e'],
  ['what looks like a frame', '\t2["new_message",{}]\n{"rooms":["r"],"except":[]}'],
  ['lone surrogates and control characters', '\ud800\u0000\u001f'],
])('an event with %s comes through a batch as it was said', (_, content) => {
  const frame = writeEventFrame('new_message', [{ content }], audience)
  const batch = readBatch(
    writeBatch([
      ['socket.io#/#conversation:c#', frame],
      ['socket.io-request#/#', JSON.stringify({ data: [content] })],
    ]),
  )
  expect(batch.map(([channel]) => channel)).toEqual(['socket.io#/#conversation:c#', 'socket.io-request#/#'])
  const read = readEventFrame(batch[0]?.[1] ?? '')
  expect(read).toMatchObject({ ...audience, event: 'new_message' })
  expect(JSON.parse(read?.packet.slice(1) ?? '')).toEqual(['new_message', { content }])
})

test('when a message was created is read from its packet, whatever else has a field of that name', () => {
  const at = '2024-05-05T08:15:30.000Z'
  const message = { content: '"created_at":"x"', metadata: { created_at: '1999-01-01T00:00:00.000Z' }, created_at: at, updated_at: at }
  const frame = readEventFrame(writeEventFrame('new_message', [message], audience))
  expect(createdAtOf(frame?.packet ?? '')).toBe(Date.parse(at))
  expect(createdAtOf('2["user_typing",{}]')).toBeNaN()
})

test.each([
  ['plain text', 'hi'],
  ['tabs, ends of lines and commas', 'a\tb\nc,d\r\n'],
  ['what looks like a message', '"}\t{"'],
])('a new message with %s comes through a batch as the two events that it is', (_, content) => {
  const conversationId = '01890a5d-ac96-774b-bcce-b302099a8057'
  const at = '2024-05-05T08:15:30.000Z'
  const message = { id: 'm', conversation_id: conversationId, content, metadata: { a: [1] }, created_at: at, updated_at: at }
  const [line] = readBatch(
    writeBatch([[newMessageMark, writeNewMessage(writeMessage(message as unknown as Message), ['u1', 'u2'] as UserId[])]]),
  )
  const heard = readNewMessage(line?.[1] ?? '')
  const room = `conversation:${conversationId}`
  expect(line?.[0]).toBe(newMessageMark)
  expect(heard?.message).toEqual(readEventFrame(writeEventFrame('new_message', [message], { rooms: [room], except: [] })))
  const activity = { conversationId, last_message: message, last_message_at: at }
  const listScreens = { rooms: [`participants:${conversationId}`], except: [room, 'user:u1', 'user:u2'] }
  expect(heard?.activity()).toEqual(readEventFrame(writeEventFrame('conversation_activity', [activity], listScreens)))
})
