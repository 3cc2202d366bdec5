import { asRefusal, type Chat, type Refusal } from '@viatra-chat/chat'
import type { GatewaySocket } from './socket-types.js'

/** Middleware: only who shows a good token in `auth.token` gets a socket. A refusal becomes `connect_error` with `data: {code, message}`. */
export async function requireToken(chat: Chat, socket: GatewaySocket, next: (error?: Error) => void): Promise<void> {
  try {
    socket.data.session = await chat.authenticator.authenticate(tokenOf(socket))
  } catch (error) {
    return next(toConnectError(asRefusal(error, chat.log, { operation: 'connect' })))
  }
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
