import { expect, test } from 'vitest'
import { drainWindowMs, pickRandom, stayingAt } from '../src/drain.js'
import { createShares } from '../src/room-sweep.js'

test('a few are picked, each once', () => {
  const picked = pickRandom([1, 2, 3, 4, 5], 3)
  expect(new Set(picked).size).toBe(3)
  expect(pickRandom([1, 2, 3], 9).sort()).toEqual([1, 2, 3])
  expect(pickRandom([], 1)).toEqual([])
})

test('every tenth of the window sends as many elsewhere, however many there are', () => {
  for (const total of [1, 2, 9, 60, 300, 10_000]) {
    const staying = Array.from({ length: 11 }, (_, tenth) => stayingAt(total, tenth / 10))
    const leaving = staying.slice(1).map((left, index) => (staying[index] ?? 0) - left)
    expect([staying[0], staying.at(-1)]).toEqual([total, 0])
    expect(Math.max(...leaving) - Math.min(...leaving)).toBeLessThanOrEqual(1)
  }
})

test('a few connections take less than the whole window', () => {
  expect([0, 1, 5, 25, 1000].map((total) => drainWindowMs(total, 5000))).toEqual([0, 200, 1000, 5000, 5000])
})

test('all connections have had their turn after so many shares', () => {
  const connections = new Map(Array.from({ length: 130 }, (_, n) => [`${n}`, n]))
  const deal = createShares(60)
  const first = Array.from({ length: 60 }, () => deal(connections))
  expect(Math.max(...first.map((share) => share.length))).toBe(3)
  expect(first.flat()).toEqual([...connections.values()])
  connections.delete('0')
  connections.set('new', 130)
  expect(Array.from({ length: 60 }, () => deal(connections)).flat()).toEqual([...connections.values()])
})
