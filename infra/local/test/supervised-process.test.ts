import { afterEach, expect, test, vi } from 'vitest'
import { isAlive } from '../src/processes/stop-process.js'
import { SupervisedProcess, type ProcessPlan } from '../src/processes/supervised-process.js'

const started: SupervisedProcess[] = []
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop()
})

test('a process that dies is started again, and one sentence says why it died', async () => {
  const onRestart = vi.fn<(sentence: string) => void>()
  const supervised = script("console.log('up'); process.stdin.resume(); setInterval(() => {}, 1000)", { onRestart })
  await supervised.start()
  const first = supervised.pid ?? 0
  process.kill(first, 'SIGKILL')
  await vi.waitFor(() => expect(supervised.pid).not.toBe(first), 5000)
  expect(onRestart.mock.calls).toEqual([[expect.stringContaining('stand-in ended (signal SIGKILL')]])
})

test('one that cannot start says the reason it gave', async () => {
  const supervised = script("console.error('PORT is missing'); process.exit(1)", { isReady: () => Promise.resolve(false) })
  await expect(supervised.start()).rejects.toThrow('stand-in did not start: exit code 1: PORT is missing')
})

test('one that is never ready is given up', async () => {
  const supervised = script('setInterval(() => {}, 1000)', { isReady: () => Promise.resolve(false), readyWithinMs: 300 })
  await expect(supervised.start()).rejects.toThrow('stand-in did not start: it was not ready within 0.3 s')
  expect(isAlive(supervised.pid ?? 0)).toBe(false)
})

test('one that does not want to stop is killed when its time is over', async () => {
  let listening = false
  const supervised = script("process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)", {
    graceMs: 200,
    onLine: () => (listening = true),
    isReady: () => Promise.resolve(listening),
  })
  await supervised.start()
  await supervised.stop()
  expect(isAlive(supervised.pid ?? 0)).toBe(false)
})

test('a stop while the next start is due calls it off', async () => {
  const onRestart = vi.fn<(sentence: string) => void>()
  const supervised = script('setTimeout(() => process.exit(1), 50)', { onRestart })
  await supervised.start()
  await vi.waitFor(() => expect(onRestart).toHaveBeenCalled(), 5000)
  const { pid } = supervised
  await supervised.stop()

  // Another one that ends later is the clock: when it is back, the first would have been too.
  const later = script('setTimeout(() => process.exit(1), 50)', { onRestart: () => undefined })
  await later.start()
  const firstPid = later.pid
  await vi.waitFor(() => expect(later.pid).not.toBe(firstPid), 5000)
  expect(supervised.pid).toBe(pid)
})

function script(code: string, plan: Partial<ProcessPlan>): SupervisedProcess {
  const supervised = new SupervisedProcess({
    name: 'stand-in',
    command: process.execPath,
    args: ['-e', code],
    isReady: () => Promise.resolve(true),
    readyWithinMs: 10_000,
    stopSignal: 'SIGTERM',
    graceMs: 2000,
    killSignal: 'SIGKILL',
    ...plan,
  })
  started.push(supervised)
  return supervised
}
