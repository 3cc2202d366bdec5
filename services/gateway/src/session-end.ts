import type { Refusal } from '@viatra-chat/chat'
import type { GatewaySocket } from './socket-types.js'

/** @param event the event that failed; null when none did. */
export function tellError(socket: GatewaySocket, refusal: Refusal, event: string | null): void {
  socket.emit('error', { message: refusal.message, code: refusal.code, event })
}

/** Says why and ends the connection for good: clients do not reconnect by themselves after a server's disconnect. */
export function endSession(socket: GatewaySocket, refusal: Refusal): void {
  tellError(socket, refusal, null)
  socket.disconnect(true)
}

/** Ends the connection in the way that makes clients reconnect by themselves. What was sent before still goes out. */
export function closeForReconnect(socket: GatewaySocket): void {
  socket.conn.close()
}
