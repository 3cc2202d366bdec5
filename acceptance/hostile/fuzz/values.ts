import { uuidPattern } from '@viatra-chat/contract'
import fc from 'fast-check'
import { idMark, rawMark, type KnownIds } from './marks.js'

/** What a schema of the contract says, as far as it is used there. */
export interface JsonSchema {
  type?: string
  enum?: readonly string[]
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: readonly string[]
}

type Values = fc.Arbitrary<unknown>

/** What fits a schema, its edges more often than its middle. */
export function fitting(schema: JsonSchema, field = ''): Values {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.pattern === uuidPattern) return knownId(field)
  const ofType: Record<string, () => Values> = {
    string: () => fittingText(schema),
    integer: () => fittingNumber(schema),
    array: () => fc.array(fitting(schema.items ?? {}, field), { minLength: schema.minItems ?? 0, maxLength: 5 }),
    object: fittingMetadata,
  }
  return ofType[schema.type ?? '']?.() ?? fc.jsonValue({ maxDepth: 2 })
}

const fittingNumber = ({ minimum = 0, maximum = 100 }: JsonSchema): Values =>
  fc.oneof(fc.constantFrom(minimum, maximum), fc.integer({ min: minimum, max: Math.min(maximum, 100) }))

function fittingMetadata(): Values {
  const keys = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('name', 'file_size', 'attachment_url', 'toString'))
  return fc.dictionary(keys, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
}

function knownId(field: string): Values {
  const kind: keyof KnownIds = field.includes('conversation') ? 'conversation' : /user|participant/.test(field) ? 'person' : 'message'
  return fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 30 }).map((n) => idMark(kind, n)) },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: fc.constantFrom<keyof KnownIds>('conversation', 'message', 'person').map((other) => idMark(other, 0)) },
  )
}

const fittingText = ({ pattern, maxLength = 60 }: JsonSchema): Values =>
  pattern?.includes('!-~')
    ? fc.string({ minLength: 1, maxLength: 60 }).filter((text) => /^[!-~]+$/.test(text))
    : fc.oneof(fc.string({ minLength: 1, maxLength }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: Math.min(maxLength, 40) }))

/** What fits but for something odd in the middle of a text, of a key or of a list, where a glance at the whole does not see it. */
export function spoiled(schema: JsonSchema, field: string): Values {
  const odd = fc.constantFrom(...oddTexts.filter((text) => text.length < 100))
  const text = fc.tuple(fc.string({ maxLength: 5 }), odd, fc.string({ maxLength: 5 })).map((parts) => parts.join(''))
  if (schema.type === 'object')
    return fc.oneof(
      text.map((key) => ({ [key]: 1 })),
      text.map((value) => ({ a: [{ b: value }] })),
    )
  if (schema.type === 'array') return fc.tuple(fitting(schema, field), text).map(([items, item]) => [...(items as unknown[]), item])
  return text
}

/** What fits no schema, or only just: what has broken parsers, databases and languages before. */
export function hostile(): Values {
  return fc.oneof(
    fc.constantFrom<unknown>(...oddTexts, ...oddNumbers, ...oddShapes),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.jsonValue({ maxDepth: 4 }),
    fc.double(),
    fc.nat({ max: 6000 }).map((length) => 'x'.repeat(length)),
  )
}

const oddTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00\ud800',
  '\u202e\u2066',
  '\ufeff\u200b\u00ad',
  '\uffff',
  '😀'.repeat(5000),
  'e\u0301'.repeat(3000),
  '%00',
  '../../etc/passwd',
  `'; drop table messages; --`,
  '${jndi:ldap://x}',
  '<script>alert(1)</script>',
  '\r\n{"level":60}',
  'null',
  'true',
  '1e5',
  '__proto__',
  '٠',
  '00000000-0000-0000-0000-000000000000',
  '{00000000-0000-0000-0000-000000000000}',
  '1'.repeat(400),
  'x'.repeat(20_000),
]
const oddNumbers = [
  0,
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e308,
  ...['1e400', '-1e400', '1e200000', '-0', '9007199254740993', `0.${'1'.repeat(400)}`].map(rawMark),
]
const nested = (levels: number) => rawMark(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
const oddShapes = [
  null,
  true,
  [],
  {},
  [[]],
  [null],
  { length: 3 },
  { toString: 'x', valueOf: 'x' },
  rawMark('{"__proto__":{"isAdmin":true}}'),
  rawMark('{"constructor":{"prototype":{"isAdmin":true}}}'),
  rawMark('{"a":1,"a":2}'),
  nested(8),
  nested(9),
  nested(3000),
  rawMark('['.repeat(5000) + ']'.repeat(5000)),
  Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`key${n}`, n])),
  Array.from({ length: 1001 }, (_, n) => idMark('person', n)),
]
