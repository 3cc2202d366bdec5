import { Refusal, type Answer, type Session } from '@viatra-chat/chat'
import type { OperationInput, OperationOutput } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { endIfExpired } from './session-expiry.js'

/** Extends the session with a fresh token of the same person; a refused token leaves it as it was. */
export async function authenticate(
  gateway: Gateway,
  connection: Connection,
  { token }: OperationInput<'authenticate'>,
): Promise<Answer<OperationOutput<'authenticate'>>> {
  const session = await verify(gateway, connection, token)
  if (session.actor.userId !== connection.session.actor.userId) {
    throw new Refusal('FORBIDDEN', { message: 'The token is of another person.' })
  }
  connection.session = session
  endIfExpired(connection)
  return { data: { expires_at: session.expiresAt.toISOString() } }
}

/** Bad tokens count for the address, as in handshakes: an open session is no place to guess either. */
async function verify({ chat, addresses }: Gateway, { socket }: Connection, token: unknown): Promise<Session> {
  try {
    return await chat.authenticator.authenticate(token)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw chat.failedTokens.answer(addresses.of(socket.conn), error)
  }
}
