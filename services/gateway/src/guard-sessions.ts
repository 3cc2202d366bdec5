import type { IncomingMessage } from 'node:http'
import type { GatewayServer } from './socket-types.js'

/**
 * Refuses WebSockets that name a session which is on one already. Engine.IO would take them for a client that changes its transport, and
 * give them the session: whoever came to know its id would have it, with nobody asking for a token. From polling clients do change, with that id.
 */
export function guardSessions(io: GatewayServer): void {
  io.engine.use((request: EngineRequest, _response: unknown, next: (error?: Error) => void) => {
    const named = request._query?.sid
    const isTaken = request.headers.upgrade !== undefined && typeof named === 'string' && transportOf(io, named) === 'websocket'
    next(isTaken ? new Error('The session has its connection.') : undefined)
  })
}

/** Engine.IO has parsed the address by then. */
type EngineRequest = IncomingMessage & { _query?: Record<string, unknown> }

// Engine.IO has no public way from an id to its session.
function transportOf(io: GatewayServer, sid: string): unknown {
  const sessions: unknown = Reflect.get(io.engine, 'clients')
  if (typeof sessions !== 'object' || sessions === null || !Object.hasOwn(sessions, sid)) return undefined
  return (sessions as Record<string, { transport: { name: string } }>)[sid]?.transport.name
}
