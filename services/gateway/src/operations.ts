import { randomUUID } from 'node:crypto'
import { asRefusal, dataOf, execute, Refusal, toFailure, type Answer } from '@viatra-chat/chat'
import { operations, spellForSocket, type Operation, type OperationName } from '@viatra-chat/contract'
import { inSpan } from '@viatra-chat/runtime'
import type { Connection } from './connection.js'
import { connectionHandlerOf } from './connection-handlers.js'
import { closeIfAnswered } from './drain.js'
import type { Gateway } from './gateway.js'
import { inTurn } from './room-turns.js'
import { endSession, tellError } from './session-end.js'
import { endIfExpired } from './session-expiry.js'

/** An event as it came. `acknowledge` is there if the client asked for an answer. */
interface ClientEvent {
  name: string
  payload: unknown
  acknowledge?: (envelope: object) => void
}

/** The one wrapper for every event of a socket: throttle → operation of the contract's table → envelope. */
export function serveOperations(gateway: Gateway, connection: Connection): void {
  // Nothing is handed on to listeners: an event that a client names `error` would, without one, end the process.
  connection.socket.use((packet: unknown[]) => {
    const now = performance.now()
    connection.activeAt = now
    if (endIfExpired(connection)) return
    const event = readEvent(packet)
    const admission = gateway.throttle.admit(connection.socket.id, now)
    if (admission === 'admitted') return void answer(gateway, connection, event)
    gateway.measures.throttled(1)
    if (admission === 'flooding') return endSession(connection.socket, new Refusal('RATE_LIMITED'))
    if (event.acknowledge || mayComplain(connection, now))
      reply(connection, event, new Refusal('RATE_LIMITED', { retryAfterS: 1 }), randomUUID())
  })
}

/** Tolerates whatever a client may send: no payload, several, an acknowledgement alone, a name that is no text. */
function readEvent([name, ...args]: unknown[]): ClientEvent {
  const last = args.at(-1)
  const acknowledge = typeof last === 'function' ? (last as (envelope: object) => void) : undefined
  const payload = acknowledge && args.length === 1 ? undefined : args[0]
  return { name: String(name).slice(0, 100), payload, ...(acknowledge && { acknowledge }) }
}

// A flood must not make as many errors as it has events.
function mayComplain(connection: Connection, now: number): boolean {
  if (connection.complainedAt !== undefined && now - connection.complainedAt < 500) return false
  connection.complainedAt = now
  return true
}

async function answer(gateway: Gateway, connection: Connection, event: ClientEvent): Promise<void> {
  const requestId = randomUUID()
  const startedAt = performance.now()
  const operation = findOperation(event.name)
  if (!operation) return event.acknowledge?.(toFailure(new Refusal('NOT_FOUND', { message: 'There is no such event.' }), requestId))
  gateway.inFlight++
  connection.inFlight++
  try {
    const attributes = { 'chat.request_id': requestId, 'chat.connection_id': connection.socket.id }
    const call = { operation, input: event.payload ?? {}, requestId }
    reply(
      connection,
      event,
      await inTurn(connection.roomTurns, operation, () => inSpan(operation, attributes, () => run(gateway, connection, call))),
      requestId,
    )
  } catch (error) {
    reply(connection, event, asRefusal(error, gateway.log, { operation, requestId, connectionId: connection.socket.id }), requestId)
  } finally {
    const ms = performance.now() - startedAt
    gateway.measures.ackSeconds(ms / 1000, { operation })
    gateway.log.debug({ requestId, connectionId: connection.socket.id, operation, ms: Math.round(ms * 10) / 10 }, 'answered')
    gateway.inFlight--
    connection.inFlight--
    closeIfAnswered(connection)
  }
}

function findOperation(name: string): OperationName | undefined {
  if (!Object.hasOwn(operations, name)) return undefined
  const entry: Operation = operations[name as OperationName]
  return entry.socket && (name as OperationName)
}

interface Call {
  operation: OperationName
  input: unknown
  requestId: string
}

async function run(gateway: Gateway, connection: Connection, { operation, input, requestId }: Call): Promise<Answer> {
  if (gateway.phase === 'closing') throw new Refusal('UNAVAILABLE', { retryAfterS: 1 })
  await connection.ready
  const entry: Operation = operations[operation]
  const handler = connectionHandlerOf(gateway, connection, operation)
  return execute(gateway.chat, {
    operation,
    actor: connection.session.actor,
    input,
    requestId,
    connectionId: connection.socket.id,
    limited: entry.socket?.limited ?? false,
    ...(handler && { run: handler }),
  })
}

function reply(connection: Connection, event: ClientEvent, outcome: Answer | Refusal, requestId: string): void {
  if (!(outcome instanceof Refusal)) return event.acknowledge?.(toSuccess(outcome, requestId))
  if (!event.acknowledge) return tellError(connection.socket, outcome, event.name)
  const failure = toFailure(outcome, requestId)
  event.acknowledge({ ...failure, ...(failure.errors && { errors: failure.errors.map(spellForSocket) }) })
}

function toSuccess(answer: Answer, requestId: string): object {
  const { message } = answer
  const data = dataOf(answer)
  return { success: true, ...(data !== undefined && { data }), ...(message !== undefined && { message }), request_id: requestId }
}
