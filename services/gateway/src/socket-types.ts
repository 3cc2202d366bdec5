import type { Session } from '@viatra-chat/chat'
import type { EventName, EventPayload } from '@viatra-chat/contract'
import type { Server, Socket } from 'socket.io'

type ClientEvents = Record<string, (...args: unknown[]) => void>
type ServerEvents = { [N in EventName]: (payload: EventPayload<N>) => void }
type GatewaySignals = { participants_removed: (change: unknown) => void }

export interface SocketState {
  /** What the handshake proved; the connection takes it over. */
  session: Session
}

export type GatewayServer = Server<ClientEvents, ServerEvents, GatewaySignals, SocketState>
export type GatewaySocket = Socket<ClientEvents, ServerEvents, GatewaySignals, SocketState>
