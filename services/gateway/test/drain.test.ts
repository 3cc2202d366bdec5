import { expect, test } from 'vitest'
import { pickRandom } from '../src/drain.js'
import { createShares } from '../src/room-sweep.js'

test('a few are picked, each once', () => {
  const picked = pickRandom([1, 2, 3, 4, 5], 3)
  expect(new Set(picked).size).toBe(3)
  expect(pickRandom([1, 2, 3], 9).sort()).toEqual([1, 2, 3])
  expect(pickRandom([], 1)).toEqual([])
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
