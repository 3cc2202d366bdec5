import {
  asRefusal,
  listConversationIds,
  participantsRoom,
  userRoom,
  warmConversations,
  type Refusal,
  type Session,
} from '@viatra-chat/chat'
import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Gateway } from './gateway.js'
import { serveOperations } from './operations.js'
import { closeForReconnect, tellError } from './session-end.js'
import { watchExpiry, type ExpiryWatch } from './session-expiry.js'
import type { GatewaySocket } from './socket-types.js'
import { endAllTyping, type TypingTimers } from './typing.js'

/** One socket of one person. */
export interface Connection {
  readonly socket: GatewaySocket
  /** Replaced by `authenticate`; always of the same person. */
  session: Session
  readonly expiry: ExpiryWatch
  /** Fulfilled once the socket hears everything its person should; rejected with a refusal if that cannot be had. */
  readonly ready: Promise<void>
  readonly typing: TypingTimers
  /** Whether it is in the rooms of its person's conversations. */
  isOpen: boolean
  /** Events being answered. */
  inFlight: number
  /** Set when the gateway drains: it ends with its last answer. */
  isLeaving: boolean
}

/** Takes over a socket whose handshake was good. Everything is attached before the first await, so that no early event is lost. */
export function openConnection(gateway: Gateway, socket: GatewaySocket): void {
  const session = socket.data.session
  const ready = hearEverything(gateway, socket, session).catch((error: unknown) => {
    throw asRefusal(error, gateway.log, { operation: 'connect' })
  })
  const connection: Connection = {
    socket,
    session,
    ready,
    expiry: watchExpiry(socket),
    typing: new Map<ConversationId, NodeJS.Timeout>(),
    isOpen: false,
    inFlight: 0,
    isLeaving: false,
  }
  gateway.connections.set(socket.id, connection)
  serveOperations(gateway, connection)
  socket.once('disconnecting', () => closeConnection(gateway, connection))
  connection.expiry.until(session.expiresAt)
  ready.then(
    () => (connection.isOpen = true),
    (refusal: Refusal) => endUnready(socket, refusal),
  )
}

/**
 * The person's own room comes first: whoever is added to a conversation while its rooms are looked up is put into the new one through it.
 */
async function hearEverything(gateway: Gateway, socket: GatewaySocket, { actor }: Session): Promise<void> {
  void socket.join(userRoom(actor.userId))
  const conversationIds = await listHeldConversationIds(gateway, actor.userId)
  if (!socket.connected) return
  void socket.join(conversationIds.map(participantsRoom))
  gateway.presence.connected(socket, actor.userId)
  void warmConversations(gateway.chat, actor)
}

/** What was read is taken only if every removal since would have been heard. */
async function listHeldConversationIds(gateway: Gateway, userId: UserId): Promise<ConversationId[]> {
  for (;;) {
    const { epoch } = gateway.subscription
    const mark = gateway.removals.mark()
    const conversationIds = await listConversationIds(gateway.chat, userId)
    if (epoch === gateway.subscription.epoch) return conversationIds.filter((id) => !gateway.removals.happenedSince(mark, id, userId))
  }
}

function closeConnection(gateway: Gateway, connection: Connection): void {
  const { socket, session } = connection
  gateway.connections.delete(socket.id)
  connection.expiry.stop()
  endAllTyping(gateway, connection)
  gateway.presence.disconnected(socket, session.actor.userId)
}

// A closed transport, unlike a disconnect, lets the client come back by itself.
function endUnready(socket: GatewaySocket, refusal: Refusal): void {
  tellError(socket, refusal, null)
  closeForReconnect(socket)
}
