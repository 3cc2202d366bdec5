import { afterEach, expect, test, vi } from 'vitest'
import { gatherByTurn } from '../src/gather-by-turn.js'

afterEach(() => void vi.useRealTimers())

test('what is asked within one turn is answered by one run, each with its own answer', async () => {
  const run = vi.fn(async (items: readonly number[]) => items.map((item) => item * 2))
  const double = gatherByTurn(run)
  expect(await Promise.all([double(1), double(2), double(3)])).toEqual([2, 4, 6])
  expect(run).toHaveBeenCalledExactlyOnceWith([1, 2, 3])
})

test('what comes while as many runs as may be are under way waits for the next, and goes together', async () => {
  const ends: (() => void)[] = []
  const run = vi.fn((items: readonly number[]) => new Promise<number[]>((resolve) => ends.push(() => resolve([...items]))))
  const echo = gatherByTurn(run, { runsMax: 1 })
  const first = echo(1)
  await vi.waitFor(() => expect(ends).toHaveLength(1))
  const others = [echo(2), echo(3)]
  ends[0]?.()
  expect(await first).toBe(1)
  await vi.waitFor(() => expect(ends).toHaveLength(2))
  ends[1]?.()
  expect(await Promise.all(others)).toEqual([2, 3])
  expect(run.mock.calls).toEqual([[[1]], [[2, 3]]])
})

test('more than one run takes goes in several', async () => {
  const run = vi.fn(async (items: readonly number[]) => items)
  const echo = gatherByTurn(run, { itemsMax: 2 })
  expect(await Promise.all([1, 2, 3].map(echo))).toEqual([1, 2, 3])
  expect(run.mock.calls).toEqual([[[1, 2]], [[3]]])
})

test('a run that fails fails for all of its items, and for no other', async () => {
  const run = vi.fn(async (items: readonly number[]) => items).mockRejectedValueOnce(new Error('away'))
  const echo = gatherByTurn(run)
  await expect(Promise.all([echo(1), echo(2)])).rejects.toThrow('away')
  expect(await echo(3)).toBe(3)
})

test('a run that hangs holds up the rest no longer than it may, and makes no room a second time when it ends', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const ends: (() => void)[] = []
  const run = vi.fn((items: readonly number[]) => new Promise<number[]>((resolve) => ends.push(() => resolve([...items]))))
  const echo = gatherByTurn(run, { runsMax: 1, lateAfterMs: 100 })
  const asked = [echo(1)]
  await vi.waitFor(() => expect(ends).toHaveLength(1))
  asked.push(echo(2))
  vi.advanceTimersByTime(100)
  await vi.waitFor(() => expect(ends).toHaveLength(2))
  asked.push(echo(3))
  ends[0]?.()
  expect(await asked[0]).toBe(1)
  await new Promise(setImmediate)
  expect(run.mock.calls).toEqual([[[1]], [[2]]])
  ends[1]?.()
  await vi.waitFor(() => expect(ends).toHaveLength(3))
  ends[2]?.()
  expect(await Promise.all(asked)).toEqual([1, 2, 3])
})
