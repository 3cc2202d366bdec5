import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Connection } from '../src/connection.js'
import { serveOperations } from '../src/operations.js'
import { watchExpiry } from '../src/session-expiry.js'

const start = Date.parse('2026-05-05T08:00:00.100Z')
beforeEach(() => vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: start }))
afterEach(() => void vi.useRealTimers())

test('a session whose token ends with a second ends with it, and one that was renewed goes on', () => {
  const [brief, renewed] = [open(start + 1900), open(start + 1900)]
  const connections = new Map([brief, renewed].map(({ connection }, n) => [String(n), connection]))
  const gateway = { connections }
  const watch = watchExpiry(gateway as never)
  vi.advanceTimersByTime(1000)
  renewed.connection.session = { ...renewed.connection.session, expiresAt: new Date(start + 60_000) }
  vi.advanceTimersByTime(890)
  expect(brief.disconnect).not.toHaveBeenCalled()
  vi.advanceTimersByTime(20)
  expect(brief.emit).toHaveBeenCalledExactlyOnceWith('error', expect.objectContaining({ code: 'TOKEN_EXPIRED', event: null }))
  expect(brief.disconnect).toHaveBeenCalledExactlyOnceWith(true)
  vi.advanceTimersByTime(10_000)
  expect(renewed.disconnect).not.toHaveBeenCalled()
  watch.stop()
  expect(vi.getTimerCount()).toBe(0)
})

test('what is asked after the end of the token is not looked at, although nobody has ended the session yet', () => {
  const { connection, ask, disconnect } = open(start)
  const admit = vi.fn()
  const gateway = { throttle: { admit } }
  serveOperations(gateway as never, connection)
  const acknowledge = vi.fn()
  ask(['send_message', { content: 'late' }, acknowledge])
  expect(disconnect).toHaveBeenCalledExactlyOnceWith(true)
  expect(admit).not.toHaveBeenCalled()
  expect(acknowledge).not.toHaveBeenCalled()
})

/** As much of a connection as its end takes. */
function open(expiresAtMs: number) {
  let listener: (packet: unknown[]) => void = () => undefined
  const [emit, disconnect] = [vi.fn(), vi.fn(() => void (connection.session = forever))]
  const forever = { actor: {}, expiresAt: new Date(8.64e15) }
  const socket = { id: 's', emit, disconnect, use: (listen: typeof listener) => void (listener = listen) }
  const connection: { socket: object; session: object } = { socket, session: { actor: {}, expiresAt: new Date(expiresAtMs) } }
  return { connection: connection as never as Connection, emit, disconnect, ask: (packet: unknown[]) => listener(packet) }
}
