import type { Conversation, Message } from '@viatra-chat/contract'
import { startWorld, type Person, type RestAnswer, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The rules of metadata, which are the same for messages, new conversations and changed ones.

let world: World
let ann: Person
let group: Conversation
let direct: Conversation
beforeAll(async () => {
  world = await startWorld({ gateways: 0 })
  const [first, bob] = await world.people('Ann', 'Bob')
  ann = first
  group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  direct = await ann.create({ participant_ids: [bob.id] })
})
afterAll(() => world.close())

const list = '/api/v1/chat/conversations'
type Answer = RestAnswer<Message | Conversation>
/** JSON text goes out as it is, so that a test can say what `JSON.stringify` cannot. */
const bodyOf = (metadata: unknown, more: object = {}) => {
  const rest = JSON.stringify(more).slice(1, -1)
  return `{${rest}${rest && ','}"metadata":${typeof metadata === 'string' ? metadata : JSON.stringify(metadata)}}`
}
const places: [where: string, put: (metadata: unknown) => Promise<Answer>][] = [
  ['a message', (metadata) => ann.rest('POST', `${list}/${direct.id}/messages`, bodyOf(metadata, { content: 'x' }))],
  ['a new conversation', (metadata) => ann.rest('POST', list, bodyOf(metadata, { type: 'channel' }))],
  [
    'a changed conversation',
    async (metadata) => {
      const { data } = await ann.rest<Conversation>('POST', list, { type: 'channel' })
      return ann.rest('PATCH', `${list}/${data.id}`, bodyOf(metadata))
    },
  ],
]

const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) })
const nestedLists = (levels: number): unknown[] => (levels === 1 ? [] : [nestedLists(levels - 1)])
const ofBytes = (bytes: number, fill = 'a') => ({ k: fill.repeat(Math.floor((bytes - 8) / Buffer.byteLength(fill))) })

describe.each(places)('metadata of %s', (_where, put) => {
  const refused = async (metadata: unknown) => {
    const answer = await put(metadata)
    expect(answer.verdict, JSON.stringify(metadata).slice(0, 100)).toBe('400 VALIDATION_ERROR')
    return answer.paths
  }

  test.each<[string, Record<string, unknown>]>([
    [
      'any keys and values',
      { mood: 'fine', n: 1.5, yes: true, list: [1, [2, { three: null }]], 'a key': '', '': 1, ключ: 'значение', '👩‍⚕️': '🩺' },
    ],
    ['names that objects have anyway', { toString: 'x', hasOwnProperty: 1, valueOf: null, constructor: 'text', length: 3, prototype: {} }],
    ['names of our own fields', { id: 'x', type: 'group', content: 'y', metadata: { metadata: {} }, seq: 0 }],
    [
      'typed keys of their types',
      { name: 'n', description: '', avatar_url: 'https://x', attachment_url: 'u', file_name: 'f.pdf', file_size: 12 },
    ],
    ['numbers at the edge', { max: Number.MAX_SAFE_INTEGER, min: -Number.MAX_SAFE_INTEGER, huge: 1e300, tiny: 1e-300, zero: 0, minus: -1 }],
    [
      'text that other systems mind',
      { sql: "'; drop table messages; --", html: '<script>', path: '../..', escape: '\\u0000 \\ " \n\r\t\u2028\u2029' },
    ],
  ])('keeps %s', async (_what, metadata) => {
    // A conversation's patch takes null as "remove".
    const kept =
      _where === 'a changed conversation' ? Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null)) : metadata
    expect((await put(metadata)).data.metadata).toEqual(kept)
  })

  test('has at most 8 levels, itself being level 1, lists counting', async () => {
    for (const fits of [nested(8), { a: nestedLists(7) }]) expect((await put(fits)).data.metadata).toEqual(fits)
    for (const tooDeep of [nested(9), { a: nestedLists(8) }, { a: [[[[[[[{}]]]]]]] }]) expect(await refused(tooDeep)).toEqual(['metadata'])
    expect(await refused(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toEqual(['metadata'])
  })

  test('has at most 16 KiB as compact UTF-8', async () => {
    const most = ofBytes(16 * 1024)
    expect(Buffer.byteLength(JSON.stringify(most))).toBe(16 * 1024)
    expect((await put(most)).data.metadata).toEqual(most)
    expect(await refused(ofBytes(16 * 1024 + 1))).toEqual(['metadata'])
    // Spaces between do not count, bytes of letters do.
    expect((await put(`{ ${' '.repeat(20_000)} "k" : 1 }`)).verdict).toMatch(/^20[01]$/)
    expect((await put(ofBytes(16 * 1024, 'я'))).verdict).toMatch(/^20[01]$/)
    expect(await refused({ k: 'я'.repeat(8190) })).toEqual(['metadata'])
  })

  test.each<[path: string, metadata: unknown]>([
    ['metadata', []],
    ['metadata', '"text"'],
    ['metadata', 1],
    ['metadata', true],
    ['metadata.name', { name: 1 }],
    ['metadata.description', { description: {} }],
    ['metadata.avatar_url', { avatar_url: [] }],
    ['metadata.attachment_url', { attachment_url: 5 }],
    ['metadata.file_name', { file_name: false }],
    ['metadata.file_size', { file_size: '12' }],
    ['metadata.file_size', { file_size: 1.5 }],
    ['metadata.k', '{"k":"a\\u0000b"}'],
    ['metadata.k', '{"k":"\\ud800"}'],
    ['metadata.a.b', '{"a":{"b":"\\udc00x"}}'],
    ['metadata.a.0', '{"a":["\\ud83d"]}'],
    ['metadata', '{"a\\u0000":1}'],
    ['metadata', '{"\\ud800":1}'],
    ['metadata.k', '{"k":1e999}'],
  ])('is refused, naming %s: %s', async (path, metadata) => {
    expect(await refused(metadata)).toEqual([path])
  })

  test.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":{"__proto__":{"polluted":1}}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"\\u005f_proto__":1}',
  ])('with a key that names a prototype is refused and pollutes nothing: %s', async (metadata) => {
    await refused(metadata)
    expect('polluted' in {}).toBe(false)
  })

  test('that is wrong in several ways names them all', async () => {
    expect((await refused({ name: 1, file_size: 'x', file_name: null, other: 1 })).sort()).toEqual(['metadata.file_size', 'metadata.name'])
  })
})

test('null is a value for the keys of files, and not for names', async () => {
  const files = { attachment_url: null, file_name: null, file_size: null }
  expect((await places[0]?.[1](files))?.data.metadata).toEqual(files)
  for (const key of ['name', 'description', 'avatar_url'])
    for (const [where, put] of places.slice(0, 2)) expect((await put({ [key]: null })).paths, where).toEqual([`metadata.${key}`])
})

test('absent and null metadata are an empty object', async () => {
  const [, bob] = [ann, await world.person('Bob')]
  expect((await ann.create({ participant_ids: [bob.id], metadata: null })).metadata).toEqual({})
  expect((await ann.send(direct, 'x', { metadata: null })).metadata).toEqual({})
})

describe('a patch', () => {
  const patch = (metadata: unknown) => ann.rest<Conversation>('PATCH', `${list}/${group.id}`, { metadata })

  test('replaces top-level keys of the same name, keeps the others, and null removes one', async () => {
    await patch({ name: 'Team', topic: { a: 1, b: 2 }, old: 'x' })
    expect((await patch({ topic: { c: 3 }, old: null, fresh: [1] })).data.metadata).toEqual({ name: 'Team', topic: { c: 3 }, fresh: [1] })
    expect((await ann.conversation(group.id)).metadata).toEqual({ name: 'Team', topic: { c: 3 }, fresh: [1] })
    expect((await patch({ name: null, topic: null, fresh: null })).data.metadata).toEqual({})
  })

  test('keeps null inside of values', async () => {
    expect((await patch({ deep: { a: null } })).data.metadata).toEqual({ deep: { a: null } })
    await patch({ deep: null })
  })

  test('needs metadata', async () => {
    for (const body of [{}, { metadata: null }, { name: 'Team' }]) {
      const answer = await ann.rest('PATCH', `${list}/${group.id}`, body)
      expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', ['metadata']])
    }
  })

  test('may not make the whole larger than metadata may be', async () => {
    await patch({ first: 'a'.repeat(9000) })
    expect((await patch({ second: 'b'.repeat(9000) })).paths).toEqual(['metadata'])
    expect((await patch({ first: null, second: 'b'.repeat(9000) })).verdict).toBe('200')
    await patch({ second: null })
  })

  test('at the same time as others loses none of them', async () => {
    const keys = Array.from({ length: 10 }, (_, n) => `k${n}`)
    await Promise.all(keys.map((key) => patch({ [key]: 1 })))
    expect(Object.keys((await ann.conversation(group.id)).metadata).sort()).toEqual(keys)
  })
})
