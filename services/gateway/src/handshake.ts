import { asRefusal, type Refusal } from '@viatra-chat/chat'
import type { Gateway } from './gateway.js'
import { markRooms } from './held-rooms.js'
import { mayConnect } from './packet-guard.js'
import type { GatewaySocket } from './socket-types.js'

/**
 * Middleware: only who shows a good token in `auth.token` gets a socket. A refusal becomes `connect_error` with `data: {code, message}`.
 * The rooms are looked up here as well, in the query that tells who it is: whoever is told that they are connected hears everything from that
 * moment on.
 */
export async function admit(gateway: Gateway, socket: GatewaySocket, next: (error?: Error) => void): Promise<void> {
  if (!mayConnect(socket)) return void socket.conn.close(true)
  try {
    const { authenticator } = gateway.chat
    const claims = await authenticator.verify(tokenOf(socket))
    const marks = markRooms(gateway)
    const { session, conversationIds } = await authenticator.arrive(claims)
    socket.data.session = session
    socket.data.rooms = { ...marks, userId: claims.userId, conversationIds }
  } catch (error) {
    const refusal = asRefusal(error, gateway.log, { operation: 'connect', connectionId: socket.id })
    gateway.measures.handshakes(1, { outcome: refusal.code })
    return next(toConnectError(gateway.chat.failedTokens.answer(gateway.addresses.of(socket.conn), refusal)))
  }
  gateway.measures.handshakes(1, { outcome: 'ok' })
  next()
}

/** Never from the query string: addresses end up in logs. */
function tokenOf(socket: GatewaySocket): unknown {
  const auth: unknown = socket.handshake.auth
  return typeof auth === 'object' && auth !== null && 'token' in auth ? auth.token : undefined
}

function toConnectError({ code, message }: Refusal): Error {
  return Object.assign(new Error(message), { data: { code, message } })
}
