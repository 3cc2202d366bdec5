import { Refusal } from '@viatra-chat/chat'
import type { Gateway } from './gateway.js'
import { endSession } from './session-end.js'

const looksPerTimeout = 20
const lookMsMax = 1000

/**
 * Ends sessions in which their person did nothing for so long; 0: never. What counts is what the client asks: pings prove a connection, not a
 * person.
 */
export function watchIdleness(gateway: Gateway, timeoutMs: number): { stop(): void } {
  if (timeoutMs === 0) return { stop: () => undefined }
  const look = () => {
    const since = performance.now() - timeoutMs
    for (const { socket, activeAt } of gateway.connections.values()) if (activeAt <= since) endSession(socket, idle())
  }
  const timer = setInterval(look, Math.min(lookMsMax, timeoutMs / looksPerTimeout))
  return { stop: () => clearInterval(timer) }
}

const idle = () => new Refusal('TOKEN_EXPIRED', { message: 'The session was idle for too long.' })
