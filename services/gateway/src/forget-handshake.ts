import type { GatewaySocket } from './socket-types.js'

const nothing: Readonly<Record<string, never>> = Object.freeze({})

/**
 * Lets go of what came with a handshake, once all of it was read: the token, which is nobody's business any more, and the headers. Together they
 * are some 0.8 KiB of an idle connection. Socket.IO would keep both for as long as it lives; Engine.IO keeps the request of a WebSocket
 * itself, so that is emptied. Whoever needs the address asks the address book.
 */
export function forgetHandshake({ handshake, conn }: GatewaySocket): void {
  Object.assign(handshake, { auth: nothing, headers: nothing, query: nothing })
  // Polling answers more than one request; what it still says to the first one depends on it.
  if (conn.transport.name === 'websocket') Object.assign(conn.request, { headers: nothing, rawHeaders: [] })
  Object.assign(conn, { request: null })
}
