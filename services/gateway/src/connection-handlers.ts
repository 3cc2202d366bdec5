import type { Answer, ConnectionOperation, Handler } from '@viatra-chat/chat'
import type { OperationInput, OperationName, OperationOutput } from '@viatra-chat/contract'
import { authenticate } from './authenticate.js'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { joinConversation, leaveConversation } from './rooms.js'
import { typingStart, typingStop } from './typing.js'

/** An operation that needs the connection it came over. */
export type ConnectionHandler<N extends OperationName> = (
  gateway: Gateway,
  connection: Connection,
  input: OperationInput<N>,
) => Promise<Answer<OperationOutput<N>>>

const connectionHandlers: { [N in ConnectionOperation]: ConnectionHandler<N> } = {
  join_conversation: joinConversation,
  leave_conversation: leaveConversation,
  typing_start: typingStart,
  typing_stop: typingStop,
  authenticate,
}

/** The gateway's own handler of an operation, bound to a connection; undefined: the domain's is to run. */
export function connectionHandlerOf(
  gateway: Gateway,
  connection: Connection,
  operation: OperationName,
): Handler<OperationName> | undefined {
  if (!Object.hasOwn(connectionHandlers, operation)) return undefined
  // The table pairs each name with a handler of that name's input; TypeScript cannot follow the pair through a variable.
  const handler = connectionHandlers[operation as ConnectionOperation] as ConnectionHandler<OperationName>
  return (_chat, _actor, input) => handler(gateway, connection, input)
}
