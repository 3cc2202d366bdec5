import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchStalls } from '../src/stalls.js'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** The process is held up: time goes on, timers do not. */
const holdUp = (ms: number) => vi.setSystemTime(Date.now() + ms)

test('a process that runs is never called stalled', () => {
  const onStall = vi.fn()
  watchStalls(onStall)
  vi.advanceTimersByTime(120_000)
  holdUp(4900)
  vi.advanceTimersByTime(10_000)
  expect(onStall).not.toHaveBeenCalled()
})

test('one that was held up for more than 5 s is, once', () => {
  const onStall = vi.fn()
  const watch = watchStalls(onStall)
  holdUp(5100)
  vi.advanceTimersByTime(10_000)
  expect(onStall).toHaveBeenCalledExactlyOnceWith(5100)
  watch.stop()
  holdUp(60_000)
  vi.advanceTimersByTime(10_000)
  expect(onStall).toHaveBeenCalledOnce()
})
