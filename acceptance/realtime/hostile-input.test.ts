import { operations, type Operation } from '@viatra-chat/contract'
import { eventually, joinFrom, startWorld, type Ack, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
let ann: Person
let conversationId: string
/** Open all the time: nothing that another connection does may touch it. */
let witness: Connection

beforeAll(async () => {
  world = await startWorld()
  const people = await world.twoPeople()
  ann = people.ann
  conversationId = people.conversation.id
  witness = await joinFrom(people.bob, people.conversation)
})
afterAll(() => world.close())

const events = Object.entries<Operation>(operations).flatMap(([name, { socket }]) => (socket ? [name] : []))

/** The gateway lives: a connection from before still hears, and a new one is served. */
async function isServing(): Promise<void> {
  const connection = await ann.connect()
  const { id } = await connection.get('send_message', { conversationId, content: 'hello' })
  await witness.hears('new_message', (message) => message.id === id)
  connection.close()
}

test('the events are those of the contract', () => {
  expect(events.sort()).toEqual([
    'authenticate',
    'join_conversation',
    'leave_conversation',
    'mark_delivered',
    'mark_read',
    'send_message',
    'sync',
    'typing_start',
    'typing_stop',
  ])
})

describe('an acknowledgement', () => {
  test('of a success holds the data and an id of its own', async () => {
    const connection = await ann.connect()
    const acks = [
      await connection.ask('join_conversation', { conversationId }),
      await connection.ask('join_conversation', { conversationId }),
    ]
    for (const ack of acks)
      expect(ack).toEqual({
        success: true,
        data: { conversationId, last_seq: expect.any(Number) },
        request_id: expect.stringMatching(/^[\w-]{1,64}$/),
      })
    expect(new Set(acks.map(({ request_id }) => request_id)).size).toBe(2)
    connection.close()
  })

  test('of a failure is the envelope of REST, and no error event comes', async () => {
    const connection = await ann.connect()
    const failure = { success: false, message: expect.stringMatching(/\S/), request_id: expect.stringMatching(/^[\w-]{1,64}$/) }
    expect(await connection.ask('join_conversation', { conversationId: ann.id })).toEqual({ ...failure, code: 'CONVERSATION_NOT_FOUND' })
    expect(await connection.ask('mark_read', { conversationId: 'x', messageIds: ['y'] })).toEqual({
      ...failure,
      code: 'VALIDATION_ERROR',
      errors: ['conversationId', 'messageIds.0'].map((path) => ({ path, message: expect.stringMatching(/\S/) })),
    })
    await connection.settled()
    expect(connection.told()).toEqual([])
    connection.close()
  })
})

describe('an event without acknowledgement', () => {
  test('that fails is answered by an error event naming it; one that succeeds by nothing', async () => {
    const connection = await ann.connect()
    connection.socket.emit('join_conversation', { conversationId })
    for (const event of events.filter((name) => name !== 'sync')) connection.socket.emit(event, { conversationId: 'x', token: 'x' })
    await Promise.all(events.filter((name) => name !== 'sync').map((name) => connection.hears('error', ({ event }) => event === name)))
    const errors = connection.seen('error')
    expect(errors).toHaveLength(events.length - 1)
    for (const error of errors) {
      const code = error.event === 'authenticate' ? 'TOKEN_INVALID' : 'VALIDATION_ERROR'
      expect(error).toEqual({ code, message: expect.stringMatching(/\S/), event: error.event })
    }
    connection.close()
  })
})

describe('an event that does not exist', () => {
  const names = [
    'x',
    '',
    'error',
    'new_message',
    'list_conversations',
    'create_conversation',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'connection',
    'x'.repeat(10_000),
  ]

  test.each(names.map((name) => [name.slice(0, 30), name]))('%j gets NOT_FOUND, or is ignored', async (_, name) => {
    const connection = await ann.connect()
    for (const args of [[], [{ conversationId }, 2, 3]]) {
      const ack: Ack = await connection.ask(name, ...args)
      expect(ack).toEqual({ success: false, code: 'NOT_FOUND', message: expect.any(String), request_id: expect.any(String) })
      connection.socket.emit(name, ...args)
    }
    await connection.settled()
    expect(connection.told()).toEqual([])
    connection.close()
  })
})

const nested = (levels: number) => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as object
const payloads: [what: string, args: unknown[]][] = [
  ['nothing', []],
  ['null', [null]],
  ['a number', [5]],
  ['a text', ['text']],
  ['a boolean', [true]],
  ['an empty list', [[]]],
  ['a list of objects', [[{ conversationId: 'x' }]]],
  ['a deep object', [nested(1000)]],
  [
    'a deep field',
    [
      {
        conversationId: nested(1000),
        messageIds: [nested(1000)],
        metadata: nested(1000),
        content: [[[[]]]],
        token: nested(1000),
        limit: [],
      },
    ],
  ],
  ['bytes', [Buffer.from('bytes')]],
  [
    'bytes as fields',
    [
      {
        conversationId: Buffer.from('x'),
        messageIds: [Buffer.from('x')],
        content: Buffer.alloc(100),
        token: Buffer.from('x'),
        since: Buffer.from('x'),
      },
    ],
  ],
  ['three arguments', [{ conversationId: 'x', limit: 0 }, {}, 'third']],
  ['a payload that comes second', [0, { conversationId: 'x' }]],
  [
    'names of the prototype',
    [JSON.parse('{"__proto__":{"conversationId":"x"},"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":1,"limit":0}')],
  ],
  [
    'objects in place of texts',
    [{ conversationId: { $ne: null }, messageIds: { length: 3 }, content: {}, token: {}, since: {}, limit: {} }],
  ],
  ['numbers beyond reason', [{ conversationId: 1e308, messageIds: [-1], content: 0, limit: 1e308, since: -0, token: 0 }]],
  ['SQL', [{ conversationId: `' or true; --`, messageIds: [`'); drop table messages; --`], since: `'`, token: `'`, content: `'` }]],
  ['100 KB of text', [{ conversationId: 'x'.repeat(100_000), since: 'x', token: 'x' }]],
  ['many unknown fields', [{ ...Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, i])), limit: 'x' }]],
]

const mayAnswer = ['VALIDATION_ERROR', 'TOKEN_INVALID', 'TOKEN_MISSING']

describe.each(events.map((event) => [event]))('%s', (event) => {
  let connection: Connection
  beforeAll(async () => {
    connection = await ann.connect()
  })
  afterAll(() => connection.close())

  test.each(payloads)('with %s is answered, and the connection goes on', async (_, args) => {
    connection.forget()
    connection.socket.emit(event, ...args)
    const ack = await connection.ask(event, ...args)
    if (!ack.success) expect(mayAnswer).toContain(ack.code)
    else expect(event).toBe('sync')
    expect(ack.request_id).toMatch(/^[\w-]{1,64}$/)
    await connection.get('join_conversation', { conversationId })
    await eventually(() => expect(connection.seen('error')).toHaveLength(ack.success ? 0 : 1))
    for (const error of connection.seen('error'))
      expect(error).toEqual({ event, code: expect.stringMatching(/VALIDATION_ERROR|TOKEN_/), message: expect.any(String) })
  })
})

test('after all that the gateway serves as before', isServing)

describe('raw packets', () => {
  const call = JSON.stringify(['join_conversation', { conversationId: 'x' }])
  test.each<[what: string, packets: string[]]>([
    ['an event that is no JSON', ['42["join_conversation",']],
    ['an event without a name', ['42[]']],
    ['an event whose name is a number', ['42[5,{}]']],
    ['an event whose name is null', ['42[null]']],
    ['an event whose name is an object', ['42[{"a":1},{}]']],
    ['an event that is an object', ['42{"a":1}']],
    ['an event without anything', ['42']],
    ['reserved names', ['42["connect"]', '42["disconnect"]', '42["disconnecting"]', '42["connect_error"]', '42["newListener",5]']],
    ['an error by name', ['42["error",{"a":1}]', '42["error"]']],
    ['an acknowledgement id that is no number', [`42x${call}`, `42-1${call}`, `429999999999999999999${call}`]],
    ['an acknowledgement nobody asked for', ['4312345["x"]', '430[]', '43[]']],
    ['an acknowledgement id that is used twice', [`421${call}`, `421${call}`]],
    ['bytes that never come', ['451-["send_message",{"_placeholder":true,"num":0}]', `42${call}`]],
    ['a placeholder out of range', ['451-["send_message",{"_placeholder":true,"num":7}]', 'b' + 'AAAA']],
    ['a placeholder that is no number', ['451-["send_message",{"_placeholder":true,"num":"length"}]', 'bAAAA']],
    ['a count of attachments beyond reason', ['45999999999-["send_message",{}]', '45-["x"]', '45x-["x"]']],
    ['a second connect', ['40{"token":"x"}', '40']],
    ['a connect to another namespace', ['40/admin,{"token":"x"}', '42/admin,["x"]']],
    ['a connect error', ['44{"message":"x"}']],
    ['a disconnect', ['41']],
    ['an unknown kind', ['49', '4', 'x', '9', '']],
    ['engine packets out of place', ['0{"sid":"x"}', '5', '6', '3probe', '2probe']],
    ['a close', ['1']],
  ])('%s: the gateway goes on', async (_, packets) => {
    const connection = await ann.connect()
    const { transport } = connection.socket.io.engine
    const raw = (transport as unknown as { ws: { send(data: string): void } }).ws
    for (const packet of packets) raw.send(packet)
    await isServing()
    connection.close()
  })

  test('a packet over 128 KiB closes its connection and no other', async () => {
    const [guilty, innocent] = await Promise.all([ann.connect(), ann.connect()])
    expect(await guilty.refused('send_message', { conversationId, content: 'x'.repeat(120 * 1024) })).toBe('VALIDATION_ERROR')
    guilty.socket.emit('send_message', { conversationId, content: 'x'.repeat(128 * 1024) })
    await guilty.ended()
    await innocent.get('join_conversation', { conversationId })
    await isServing()
    innocent.close()
  })
})
