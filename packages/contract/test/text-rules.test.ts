import { describe, expect, test } from 'vitest'
import { codePointLength, firstCodePoints, isBlank } from '../src/index.js'
import { checkStorable, depthOf } from '../src/text-rules.js'

describe('blank text', () => {
  test.each([
    '',
    ' ',
    '\t\r\n',
    '\u00a0',
    '\u200b',
    '\u200b \u200d',
    '\ufeff',
    '\u2060',
    '\u00ad',
    '\u3164',
    '\u2800',
    '\u200e\u200f',
    '\ufe0f',
  ])('%j', (text) => {
    expect(isBlank(text)).toBe(true)
  })

  test.each(['a', ' a ', '0', '.', '👍', '👨‍👩‍👧', '❤️', 'مرحبا', '\u0301'])('%j is not', (text) => {
    expect(isBlank(text)).toBe(false)
  })
})

describe('lengths count code points', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['👍', 1],
    ['a👍b', 3],
    ['é', 1],
    ['e\u0301', 2],
    ['👨‍👩‍👧', 5],
  ])('%j has %i', (text, length) => {
    expect(codePointLength(text)).toBe(length)
  })

  test('a text of 5,000 emoji has 5,000', () => {
    expect(codePointLength('👍'.repeat(5000))).toBe(5000)
  })

  test('a cut never leaves half a pair', () => {
    expect(firstCodePoints('👍👎x', 1)).toBe('👍')
    expect(firstCodePoints('a👍👎', 2)).toBe('a👍')
    expect(firstCodePoints('👍'.repeat(300), 200)).toBe('👍'.repeat(200))
    expect(firstCodePoints('short', 200)).toBe('short')
  })
})

describe('what cannot be stored verbatim', () => {
  test.each([
    ['a NUL', { a: { b: ['x', 'nul\0'] } }, ['f.a.b.1']],
    ['half a surrogate pair', { a: '\ud83d' }, ['f.a']],
    ['a key with a NUL', { a: { 'k\0': 1 } }, ['f.a']],
    ['a key that names a prototype', { a: JSON.parse('{"__proto__": {"x": 1}}') as object }, ['f.a']],
    ['a constructor with a prototype', { constructor: { prototype: {} } }, ['f']],
    ['an infinite number', { a: Infinity }, ['f.a']],
    ['bytes', { a: Buffer.from('x') }, ['f.a']],
    ['a function', { a: () => 1 }, ['f.a']],
  ])('%s is named with its path', (_what, value, paths) => {
    expect(checkStorable(value, 'f').map(({ path }) => path)).toEqual(expect.arrayContaining(paths))
  })

  test('anything else is fine', () => {
    expect(checkStorable({ a: [null, true, 0, -1.5, '', '\u0001', '👍'], constructor: 'x', toString: 1 }, 'f')).toEqual([])
  })

  test('nesting of any depth is walked without a stack', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}"\\u0000"${']'.repeat(50_000)}`) as unknown
    expect(checkStorable({ deep }, 'f')).toHaveLength(1)
  })
})

test('depth counts objects and arrays, the value itself being level 1', () => {
  expect([{}, { a: 1 }, { a: {} }, { a: [] }, { a: [{ b: 1 }] }].map(depthOf)).toEqual([1, 1, 2, 2, 3])
})
