import type { Session } from '@viatra-chat/chat'
import type { EventName, EventPayload } from '@viatra-chat/contract'
import type { Server, Socket } from 'socket.io'
import type { HeldRooms } from './held-rooms.js'

type ClientEvents = Record<string, (...args: unknown[]) => void>
type ServerEvents = { [N in EventName]: (payload: EventPayload<N>) => void }
type GatewaySignals = { participants_removed: (change: unknown) => void; connections_ended: (connectionIds: unknown) => void }

export interface SocketState {
  /** What the handshake proved; the connection takes it over. */
  session: Session
  /** The person's conversations, read during the handshake; the connection takes them over. */
  rooms?: HeldRooms
}

export type GatewayServer = Server<ClientEvents, ServerEvents, GatewaySignals, SocketState>
export type GatewaySocket = Socket<ClientEvents, ServerEvents, GatewaySignals, SocketState>
