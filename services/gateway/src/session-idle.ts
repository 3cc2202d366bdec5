import { Refusal } from '@viatra-chat/chat'
import { endSession } from './session-end.js'
import type { GatewaySocket } from './socket-types.js'

/**
 * Ends a session in which its person did nothing for so long; 0: never. What counts is what the client asks: pings prove a connection, not a
 * person. @returns what stops the watch.
 */
export function watchIdleness(socket: GatewaySocket, timeoutMs: number): () => void {
  if (timeoutMs === 0) return () => undefined
  const end = () => endSession(socket, new Refusal('TOKEN_EXPIRED', { message: 'The session was idle for too long.' }))
  let timer = setTimeout(end, timeoutMs)
  socket.use((_packet, next) => {
    clearTimeout(timer)
    timer = setTimeout(end, timeoutMs)
    next()
  })
  return () => clearTimeout(timer)
}
