import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Subscription } from '../src/subscription.js'

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => vi.useRealTimers())

test('after an interruption it is restored once Redis has answered, and trusted when it is told so', async () => {
  const { subscriber, subscription, onRestored } = open()
  const before = subscription.epoch
  subscriber.emit('close')
  expect(subscription.isTrusted).toBe(false)
  subscriber.emit('ready')
  expect(onRestored).not.toHaveBeenCalled()
  await nextTurn()
  expect(onRestored).toHaveBeenCalledOnce()
  expect(subscription.isTrusted).toBe(false)
  expect(subscription.epoch).toBeGreaterThan(before)
  subscription.trust()
  expect(subscription.isTrusted).toBe(true)
})

test('one that is interrupted again before Redis has answered is not restored', async () => {
  const { subscriber, onRestored } = open()
  subscriber.emit('ready')
  subscriber.emit('close')
  await nextTurn()
  expect(onRestored).not.toHaveBeenCalled()
})

test('a connection that answers nothing is given up, one that answers is not', async () => {
  const { subscriber } = open()
  for (let n = 0; n < 10; n++) await tick()
  expect(subscriber.disconnect).not.toHaveBeenCalled()
  subscriber.ping.mockReturnValue(new Promise(() => undefined))
  await tick()
  await tick()
  expect(subscriber.disconnect).not.toHaveBeenCalled()
  await tick()
  expect(subscriber.disconnect).toHaveBeenCalledExactlyOnceWith(true)
})

async function tick(): Promise<void> {
  vi.advanceTimersByTime(5000)
  await nextTurn()
}

function open() {
  const ping = vi.fn<() => Promise<string>>(async () => 'PONG')
  const subscriber = Object.assign(new EventEmitter(), { status: 'ready', ping, disconnect: vi.fn() })
  const subscription = new Subscription(subscriber as EventEmitter & Redis & typeof subscriber)
  const onRestored = vi.fn()
  subscription.onRestored(onRestored)
  return { subscriber, subscription, onRestored }
}
