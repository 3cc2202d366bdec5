import {
  parseInput,
  type ConversationId,
  type MessageId,
  type OperationInput,
  type OperationName,
  type OperationOutput,
  type RefusalCode,
} from '@viatra-chat/contract'
import type { Chat } from './chat.js'
import type { Denial } from './audit/denials.js'
import { asRefusal } from './faults.js'
import { handlers } from './handlers.js'
import type { Actor } from './identity/actor.js'
import type { JsonText } from './json-text.js'
import { invalid, Refusal } from './refusal.js'

/** What an operation answers; the transports wrap it in their envelopes. `status` replaces the one of the operations table. */
export interface Answer<T = unknown> {
  status?: 200 | 201
  data?: T
  /** The data as JSON, where it is written already; `data` may be absent then. */
  json?: JsonText<T> | string
  message?: string
}

export interface CallContext {
  requestId: string
  /** The socket's id; absent over REST. */
  connectionId?: string
}

/** The data of an answer as a value, for a transport that does not write JSON itself. */
export const dataOf = <T>({ data, json }: Answer<T>): T | undefined =>
  data === undefined && json !== undefined ? (JSON.parse(json.toString()) as T) : data

/** An operation of the domain, or one that a transport brings itself. */
export type Handler<N extends OperationName> = (
  chat: Chat,
  actor: Actor,
  input: OperationInput<N>,
  context: CallContext,
) => Promise<Answer<OperationOutput<N>>>

/** The operations that live in the gateway, since they need a connection. */
export type ConnectionOperation = 'join_conversation' | 'leave_conversation' | 'typing_start' | 'typing_stop' | 'authenticate'
export type DomainOperation = Exclude<OperationName, ConnectionOperation>

export interface Call<N extends OperationName> extends CallContext {
  operation: N
  actor: Actor
  /** Whatever the client sent. */
  input: unknown
  /** The input is text, as in a query string. */
  fromText?: boolean
  /** Counts the call on the person's budget of this operation. REST leaves it to its rate-limit plugin, which uses the same budget. */
  limited?: boolean
  /** A handler of the transport's own; absent: the domain's. */
  run?: Handler<N>
}

/**
 * The one door for both transports: limit → parse → run → measure. An expected "no" is thrown as Refusal; whatever else goes wrong
 * is logged once with operation and request id and thrown as the refusal INTERNAL or UNAVAILABLE, so that a caller meets nothing but refusals.
 */
export async function execute<N extends OperationName>(chat: Chat, call: Call<N>): Promise<Answer<OperationOutput<N>>> {
  const startedAt = performance.now()
  let input: OperationInput<N> | undefined
  try {
    if (call.limited) await chat.limits.require(call.actor.userId, call.operation)
    const { messageLengthMax } = chat.settings
    const parsed = parseInput(call.operation, call.input, { messageLengthMax, fromText: call.fromText ?? false })
    if (!parsed.ok) throw invalid(...parsed.errors)
    input = parsed.input
    const run = call.run ?? domainHandler(call.operation)
    const answer = await run(chat, call.actor, input, contextOf(call))
    measure(chat, call.operation, 'ok', startedAt)
    return answer
  } catch (error) {
    if (input && isDenied(error)) chat.denials.record(denialOf(call, input, error))
    const refusal = asRefusal(error, chat.log, { operation: call.operation, ...contextOf(call) })
    measure(chat, call.operation, refusal.code, startedAt)
    throw refusal
  }
}

function measure({ measures }: Chat, operation: OperationName, outcome: string, startedAt: number): void {
  measures.operations(1, { operation, outcome })
  measures.operationSeconds((performance.now() - startedAt) / 1000, { operation })
}

function contextOf({ requestId, connectionId }: CallContext): CallContext {
  return connectionId === undefined ? { requestId } : { requestId, connectionId }
}

const deniedCodes: readonly RefusalCode[] = ['NOT_A_PARTICIPANT', 'NOT_THE_SENDER', 'FORBIDDEN']

function isDenied(error: unknown): error is Refusal {
  return error instanceof Refusal && deniedCodes.includes(error.code)
}

function denialOf(
  { actor, operation, requestId }: Pick<Call<OperationName>, 'actor' | 'operation' | 'requestId'>,
  input: object,
  { code }: Refusal,
): Denial {
  const { conversation_id: conversationId, message_id: messageId }: { conversation_id?: ConversationId; message_id?: MessageId } = input
  return { actorId: actor.userId, operation, code, requestId, ...(conversationId && { conversationId }), ...(messageId && { messageId }) }
}

function domainHandler<N extends OperationName>(operation: N): Handler<N> {
  const table: Partial<{ [M in OperationName]: Handler<M> }> = handlers
  const handler = table[operation]
  if (!handler) throw new Error(`${operation} needs a connection: only the gateway runs it`)
  return handler
}
