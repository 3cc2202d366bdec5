import { asRefusal, participantsRoom, userRoom, warmConversations, type Refusal, type Session } from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import { endOldest } from './connection-caps.js'
import { forgetHandshake } from './forget-handshake.js'
import type { Gateway } from './gateway.js'
import { readHeldRooms, stillHeld } from './held-rooms.js'
import { serveOperations } from './operations.js'
import { noTurns, type RoomTurns } from './room-turns.js'
import { hasConnected } from './packet-guard.js'
import { closeForReconnect, tellError } from './session-end.js'
import { endIfExpired } from './session-expiry.js'
import type { GatewaySocket } from './socket-types.js'
import { endAllTyping, type TypingTimers } from './typing.js'

/** One socket of one person. */
export interface Connection {
  readonly socket: GatewaySocket
  /** Replaced by `authenticate`; always of the same person. */
  session: Session
  /** When its client asked for something last, by `performance.now()`; at first when it was opened. */
  activeAt: number
  /** Fulfilled once the socket hears everything its person should; rejected with a refusal if that cannot be had. */
  ready: Promise<void>
  /** Made when somebody types for the first time: most never do. */
  typing?: TypingTimers
  readonly roomTurns: RoomTurns
  /** When it was last told, without having asked, that it sends too much. */
  complainedAt?: number
  /** Whether it is in the rooms of its person's conversations. */
  isOpen: boolean
  /** Events being answered. */
  inFlight: number
  /** Set when the gateway drains: it ends with its last answer. */
  isLeaving: boolean
}

/** What opens the connections of a gateway. Whatever can be one function for all sockets is: most of them are idle. */
export function connectionOpener(gateway: Gateway): (socket: GatewaySocket) => void {
  function close(this: GatewaySocket, reason: string): void {
    const connection = gateway.connections.get(this.id)
    if (connection) closeConnection(gateway, connection, reason)
  }
  return (socket) => {
    socket.on('disconnecting', close)
    openConnection(gateway, socket)
  }
}

/** Takes over a socket whose handshake was good. Everything is attached before the first await, so that no early event is lost. */
function openConnection(gateway: Gateway, socket: GatewaySocket): void {
  hasConnected(socket)
  forgetHandshake(socket)
  const session = socket.data.session
  // First of all: whoever is added to a conversation from now on is put into its room through this one.
  void socket.join(userRoom(session.actor.userId))
  const held = socket.data.rooms && stillHeld(gateway, socket.data.rooms, { isListed: false })
  delete socket.data.rooms
  const connection: Connection = {
    socket,
    session,
    ready: Promise.resolve(),
    activeAt: performance.now(),
    roomTurns: noTurns(),
    isOpen: false,
    inFlight: 0,
    isLeaving: false,
  }
  gateway.connections.set(socket.id, connection)
  endOldest(gateway, session.actor.userId)
  gateway.register.opened(socket, session.actor.userId)
  serveOperations(gateway, connection)
  gateway.log.debug({ connectionId: socket.id, userId: session.actor.userId }, 'connected')
  gateway.writeFrames(socket)
  gateway.flushByTurns(socket)
  if (endIfExpired(connection)) return
  if (held) hear(gateway, connection, held)
  else connection.ready = lookUpAgain(gateway, connection)
}

/** What the handshake read may be outdated: the connection is opened by a second look, and its events wait for that. */
function lookUpAgain(gateway: Gateway, connection: Connection): Promise<void> {
  const ready = listHeldConversationIds(gateway, connection.session.actor.userId)
    .then((held) => hear(gateway, connection, held))
    .catch((error: unknown) => {
      throw asRefusal(error, gateway.log, { operation: 'connect', connectionId: connection.socket.id })
    })
  ready.catch((refusal: Refusal) => endUnready(connection.socket, refusal))
  return ready
}

function hear(gateway: Gateway, connection: Connection, conversationIds: readonly ConversationId[]): void {
  const { socket, session } = connection
  if (!socket.connected) return
  void socket.join(conversationIds.map(participantsRoom))
  connection.isOpen = true
  gateway.presence.connected(socket, session.actor.userId)
  void warmConversations(gateway.chat, session.actor)
}

async function listHeldConversationIds(gateway: Gateway, userId: UserId): Promise<ConversationId[]> {
  for (;;) {
    const held = stillHeld(gateway, await readHeldRooms(gateway, userId), { isListed: true })
    if (held) return held
  }
}

function closeConnection(gateway: Gateway, connection: Connection, reason: string): void {
  const { socket, session } = connection
  gateway.measures.disconnects(1, { reason })
  gateway.log.debug({ connectionId: socket.id, reason }, 'disconnected')
  gateway.connections.delete(socket.id)
  gateway.register.closed(socket, session.actor.userId)
  endAllTyping(gateway, connection)
  gateway.presence.disconnected(socket, session.actor.userId)
}

// A closed transport, unlike a disconnect, lets the client come back by itself.
function endUnready(socket: GatewaySocket, refusal: Refusal): void {
  tellError(socket, refusal, null)
  closeForReconnect(socket)
}
