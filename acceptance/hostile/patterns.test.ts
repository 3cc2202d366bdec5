import { operations, type Conversation, type Message, type OperationName } from '@viatra-chat/contract'
import { startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askOverRest, transportsOf } from './ask-anything.js'

// Long texts that a pattern could try again and again, wherever text can stand. One process serves everybody: a pattern that is lost in one of
// them would serve nobody.

let world: World
let ann: Person
let bob: Person
let connection: Connection
let conversation: Conversation
let message: Message
beforeAll(async () => {
  world = await startWorld()
  ;({ ann, bob, conversation } = await world.twoPeople())
  message = await ann.send(conversation, 'here')
  connection = await ann.connect()
})
afterAll(async () => {
  connection.close()
  await world.close()
})

/** In bytes as JSON writes them: a packet holds two. */
const long = (piece: string, end = '') => piece.repeat(Math.floor(50_000 / (Buffer.byteLength(JSON.stringify(piece)) - 2))) + end
const texts = [
  ...[
    'a',
    '0',
    '-',
    'a-',
    ' ',
    '\t ',
    '\u00a0',
    '\u200d',
    '\u0301',
    '\u{1f600}\u200d',
    'eyJ.',
    'a@',
    '%',
    '(',
    '"\\',
    '.0',
    '0:',
    'A/',
    'bearer ',
  ].map((piece) => long(piece, '!')),
  `0190a6c1-7f3e-7a52-9d5b-${long('3')}`,
]

/** What an operation is asked with beside the text. */
const sound = (): Record<string, unknown> => ({
  ...{ conversation_id: conversation.id, message_id: message.id, message_ids: [message.id], user_id: bob.id, user_ids: [bob.id] },
  ...{ participant_ids: [bob.id], participant_role: 'member', content: 'x', type: 'group', reason: 'r', minutes: 1, metadata: {} },
  ...{ fcm_token: 'token', from: '22:00', to: '23:00', time_zone: 'UTC', grant_id: message.id, token: ann.token },
})

const isText = (schema: object) => 'pattern' in schema || ('type' in schema && schema.type === 'string')
const places = Object.entries(operations).flatMap(([name, { input }]) =>
  Object.entries<object>(input.properties).flatMap(([field, schema]) => {
    const isList = 'items' in schema && isText(schema.items as object)
    if (!isList && !isText(schema) && field !== 'metadata') return []
    return transportsOf(name as OperationName).map((transport) => ({ name: name as OperationName, field, isList, transport }))
  }),
)

function inputOf({ name, field, isList }: (typeof places)[number], text: string): Record<string, unknown> {
  const known = Object.entries(sound()).filter(([key]) => Object.hasOwn(operations[name].input.properties, key))
  const value = field === 'metadata' ? { name: text, [text.slice(0, 50)]: text } : isList ? [text] : text
  return { ...Object.fromEntries(known), [field]: value }
}

describe('a text of 50 KB', () => {
  test('can stand in many places', () => expect(places.length).toBeGreaterThan(40))

  test.each(places)('in $name: $field over $transport is answered, and so is everybody else', async (place) => {
    const answers = texts.map(async (text) => {
      const input = inputOf(place, text)
      if (place.transport === 'socket') return connection.ask(place.name, input)
      // An address has room for less, as all headers together.
      const { rest } = operations[place.name] as { rest?: { method: string; path: string } }
      const isAddress = rest?.method === 'GET' || rest?.path.includes(`:${place.field}`) === true
      return (await askOverRest(ann, place.name, isAddress ? inputOf(place, text.slice(0, 1500)) : input)).body
    })
    const theirs = bob.send(conversation, 'meanwhile')
    for (const answer of await Promise.all(answers))
      if (!answer.success) expect('code' in answer && answer.code).not.toMatch(/INTERNAL|UNAVAILABLE/)
    expect((await theirs).content).toBe('meanwhile')
  })
})
