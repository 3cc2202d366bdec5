import { Refusal, type Answer } from '@viatra-chat/chat'
import type { OperationInput, OperationOutput } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'

/** Extends the session with a fresh token of the same person; a refused token leaves it as it was. */
export async function authenticate(
  { chat }: Gateway,
  connection: Connection,
  { token }: OperationInput<'authenticate'>,
): Promise<Answer<OperationOutput<'authenticate'>>> {
  const session = await chat.authenticator.authenticate(token)
  if (session.actor.userId !== connection.session.actor.userId) {
    throw new Refusal('FORBIDDEN', { message: 'The token is of another person.' })
  }
  connection.session = session
  connection.expiry.until(session.expiresAt)
  return { data: { expires_at: session.expiresAt.toISOString() } }
}
