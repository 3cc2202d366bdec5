import { describe, expect, test } from 'vitest'
import { isAheadOf, packSnapshot, unpackSnapshot } from '../src/sync/snapshot.js'

describe('a snapshot in a token', () => {
  test.each(['9:9:', '100:140:', '100:140:100,103,139', '18446744073709551000:18446744073709551614:18446744073709551000'])(
    '%s comes back as it was',
    (snapshot) => {
      expect(unpackSnapshot(packSnapshot(snapshot, false))).toBe(snapshot)
    },
  )

  test('with more transactions open than there is room for, keeps the oldest: nothing from there on counts as seen', () => {
    const open = Array.from({ length: 60 }, (_, i) => 1_000_000 + i * 7)
    expect(unpackSnapshot(packSnapshot(`1000000:1000500:${open.join(',')}`, false))).toBe('1000000:1000000:')
  })

  test('for a version that knows no snapshots is the number of its oldest open transaction', () => {
    expect(packSnapshot('100:140:100,103', true)).toBe('100')
  })

  test.each(['', '0', 'x', '9x', '9.', '9.5.6', '9.5.3.3', '9.5.3.2', '9.-1', '9 '])('%j is none', (packed) => {
    expect(unpackSnapshot(packed)).toBeUndefined()
  })

  test('is ahead of another state when a transaction was over that the other one has not begun', () => {
    expect(isAheadOf('5:12:5', '9:11:')).toBe(true)
    expect(isAheadOf('5:11:5', '5:12:')).toBe(false)
  })
})
