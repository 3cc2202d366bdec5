import { describe, expect, test } from 'vitest'
import { bounds, checkMetadata } from '../src/index.js'

const paths = (metadata: Record<string, unknown>, options?: { nullRemoves?: boolean }) =>
  checkMetadata(metadata, options).map(({ path }) => path)
const nested = (levels: number): Record<string, unknown> => (levels === 1 ? {} : { a: nested(levels - 1) })

test('8 levels are allowed, 9 are not', () => {
  expect(paths(nested(bounds.metadataDepthMax))).toEqual([])
  expect(paths(nested(bounds.metadataDepthMax + 1))).toEqual(['metadata'])
})

test('arrays count as levels', () => {
  expect(paths({ a: [[[[[[[]]]]]]] })).toEqual([])
  expect(paths({ a: [[[[[[[[]]]]]]]] })).toEqual(['metadata'])
})

test('16 KiB as compact UTF-8 JSON are allowed, a byte more is not', () => {
  const frame = JSON.stringify({ a: '' }).length
  expect(paths({ a: 'x'.repeat(bounds.metadataBytesMax - frame) })).toEqual([])
  expect(paths({ a: 'x'.repeat(bounds.metadataBytesMax - frame + 1) })).toEqual(['metadata'])
  expect(paths({ a: 'é'.repeat(bounds.metadataBytesMax / 2) })).toEqual(['metadata'])
})

describe('keys that apps cast', () => {
  test.each([
    ['name', 5],
    ['name', null],
    ['description', []],
    ['avatar_url', {}],
    ['attachment_url', 5],
    ['file_name', false],
    ['file_size', '5'],
    ['file_size', 1.5],
    ['file_size', 2 ** 53],
  ])('%s must not be %j', (key, value) => {
    expect(paths({ [key]: value })).toEqual([`metadata.${key}`])
  })

  test.each([
    ['name', ''],
    ['attachment_url', null],
    ['file_name', null],
    ['file_size', null],
    ['file_size', 0],
    ['anything_else', { at: ['all', null, 1.5] }],
  ])('%s may be %j', (key, value) => {
    expect(paths({ [key]: value })).toEqual([])
  })

  test('null removes any of them in a patch', () => {
    expect(paths({ name: null, description: null, file_size: null }, { nullRemoves: true })).toEqual([])
    expect(paths({ name: 5 }, { nullRemoves: true })).toEqual(['metadata.name'])
  })
})
