import { describe, expect, test } from 'vitest'
import { bounds, operations, parseInput, spellForSocket, type OperationName } from '../src/index.js'

const id = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b'
const other = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c'
const settings = { messageLengthMax: bounds.messageLengthMax }

const parse = (name: OperationName, raw: unknown, fromText = false) => parseInput(name, raw, { ...settings, fromText })
const errors = (name: OperationName, raw: unknown, fromText = false) => {
  const parsed = parse(name, raw, fromText)
  return parsed.ok ? [] : parsed.errors.map(({ path }) => path)
}

describe('spellings', () => {
  test.each([
    ['snake_case', { conversation_id: id, message_ids: [other] }],
    ['camelCase', { conversationId: id, messageIds: [other] }],
    ['null beside the other', { conversation_id: id, message_ids: null, messageIds: [other] }],
  ])('%s is read', (_name, raw) => {
    expect(parse('mark_read', raw)).toEqual({ ok: true, input: { conversation_id: id, message_ids: [other] } })
  })

  test('the canonical one wins', () => {
    expect(parse('get_conversation', { conversation_id: id, conversationId: other })).toEqual({ ok: true, input: { conversation_id: id } })
  })

  test.each(['fcm_token', 'fcmToken', 'token'])('a push token may be called %s', (name) => {
    expect(parse('register_device', { [name]: 'abc' })).toEqual({ ok: true, input: { fcm_token: 'abc' } })
  })
})

test('unknown fields are left out and null is absent', () => {
  expect(parse('send_message', { conversation_id: id, content: 'hi', metadata: null, sender_id: other, seq: 1 })).toEqual({
    ok: true,
    input: { conversation_id: id, content: 'hi' },
  })
})

test('ids are accepted in either case and given in lower case', () => {
  const upper = id.toUpperCase()
  expect(parse('mark_read', { conversation_id: upper, message_ids: [upper] })).toEqual({
    ok: true,
    input: { conversation_id: id, message_ids: [id] },
  })
})

describe('every wrong field is named', () => {
  test.each<[OperationName, unknown, string[]]>([
    ['send_message', {}, ['conversation_id', 'content']],
    ['send_message', { conversation_id: 'x', content: '\u200b', metadata: [] }, ['conversation_id', 'content', 'metadata']],
    ['send_message', { conversation_id: id, message_type: 'video', content: 5 }, ['message_type', 'content']],
    ['send_message', { conversation_id: id, content: 'x', client_message_id: '' }, ['client_message_id']],
    ['send_message', { conversation_id: id, content: 'x', client_message_id: 'x'.repeat(65) }, ['client_message_id']],
    ['send_message', { conversation_id: id, content: 'a\0b' }, ['content']],
    ['send_message', { conversation_id: id, content: '\ud800' }, ['content']],
    ['send_message', { conversation_id: id, content: 'x', metadata: { a: { b: '\0' } } }, ['metadata.a.b']],
    ['create_conversation', { participant_ids: [id, id, id, 'x'] }, ['participant_ids.3']],
    ['create_conversation', { type: 'room', participant_ids: 'x' }, ['type', 'participant_ids']],
    ['update_conversation', { conversation_id: id }, ['metadata']],
    ['mark_read', { conversation_id: id, message_ids: [] }, ['message_ids']],
    ['mark_read', { conversation_id: id, message_ids: Array(101).fill(id) }, ['message_ids']],
    ['register_device', { fcm_token: 'has space' }, ['fcm_token']],
    ['register_device', { fcm_token: 'x'.repeat(4097) }, ['fcm_token']],
    ['register_device', { fcm_token: 'x', platform: 'windows', device_id: '' }, ['device_id', 'platform']],
    ['read_message_as_admin', { message_id: id, reason: ' ' }, ['reason']],
    ['list_messages', { conversation_id: id, before: id, after: id }, ['after']],
  ])('%s %j', (name, raw, paths) => {
    expect(errors(name, raw).sort()).toEqual(paths.sort())
  })

  test.each([undefined, null, 'text', 5, [], true])('input that is no object: %j', (raw) => {
    expect(errors('join_conversation', raw)).toEqual(['conversation_id'])
  })
})

describe('values of a query', () => {
  test.each([
    ['1', 1],
    ['1000000', 1_000_000],
  ])('page %j is %i', (text, page) => {
    expect(parse('list_conversations', { page: text }, true)).toEqual({ ok: true, input: { page } })
  })

  test.each(['0', '-1', '1.5', '1e2', '0x10', ' 5', '５', '', 'abc', 'NaN', '99999999999999999999', '1000001'])(
    'page %j is refused',
    (page) => {
      expect(errors('list_conversations', { page }, true)).toEqual(['page'])
    },
  )

  test('a repeated parameter is refused where one value is wanted', () => {
    expect(errors('list_conversations', { page: ['1', '2'] }, true)).toEqual(['page'])
  })

  test('lists are separated by commas or repeated', () => {
    expect(parse('get_presence', { user_ids: `${id},${other}` }, true)).toEqual({ ok: true, input: { user_ids: [id, other] } })
    expect(parse('get_presence', { user_ids: [id, other] }, true)).toEqual({ ok: true, input: { user_ids: [id, other] } })
    expect(errors('get_presence', { user_ids: `${id},` }, true)).toEqual(['user_ids.1'])
  })

  test('a number in quotes is one only there', () => {
    expect(errors('sync', { limit: '5' })).toEqual(['limit'])
    expect(parse('sync', { limit: '5' }, true)).toEqual({ ok: true, input: { limit: 5 } })
  })
})

describe('content', () => {
  const send = (fields: object) => errors('send_message', { conversation_id: id, ...fields })

  test('has up to 5,000 code points', () => {
    expect(send({ content: '👍'.repeat(5000) })).toEqual([])
    expect(send({ content: '👍'.repeat(5001) })).toEqual(['content'])
  })

  test('an image or file needs content or metadata', () => {
    expect(send({ message_type: 'image' })).toEqual(['content'])
    expect(send({ message_type: 'file', metadata: {} })).toEqual(['content'])
    expect(send({ message_type: 'file', metadata: { attachment_url: 'https://x' } })).toEqual([])
    expect(send({ message_type: 'image', content: 'look' })).toEqual([])
  })
})

test('whatever comes, parsing does not throw', () => {
  const values = [
    undefined,
    null,
    true,
    0,
    NaN,
    '',
    '\0',
    [],
    {},
    [[]],
    { a: 1 },
    Symbol('x'),
    () => 1,
    10n,
    Buffer.from('x'),
    new Date(NaN),
  ]
  for (const [name, { input }] of Object.entries(operations))
    for (const value of values) {
      const raw = Object.fromEntries(Object.keys(input.properties).map((field) => [field, value]))
      expect(() => parse(name as OperationName, raw)).not.toThrow()
      expect(() => parse(name as OperationName, value, true)).not.toThrow()
    }
})

test('a socket door spells fields as its clients do', () => {
  const spelled = ['conversation_id', 'message_ids.3', 'metadata.a.b', 'parent_message_id'].map(
    (path) => spellForSocket({ path, message: '' }).path,
  )
  expect(spelled).toEqual(['conversationId', 'messageIds.3', 'metadata.a.b', 'parent_message_id'])
})
