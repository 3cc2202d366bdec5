import type { ConversationId, EventName, EventPayload, UserId } from '@viatra-chat/contract'
import type { WrittenMessage } from '../messages/written-message.js'

/** Who hears an event: the sockets in any of `rooms`, each once, less those in any of `except`. */
export interface Audience {
  rooms: readonly string[]
  except?: readonly string[]
}

/** Tells every gateway about a change of membership; each applies it to its own sockets. */
export interface MembershipChange {
  conversationId: ConversationId
  userIds: readonly UserId[]
}

/**
 * Publishes to every gateway. Called after commit only; never throws and never waits.
 * Calls of one process are heard in their order.
 */
export interface EventPublisher {
  publish<N extends EventName>(event: N, payload: EventPayload<N>, audience: Audience): void
  /** Tells rooms about new messages, in their order, and the list screens of the participants who are not in them, but for these people. */
  messagesSent(messages: readonly WrittenMessage[], butNot?: readonly UserId[]): void
  /** Puts the sockets of these people into the participants room. */
  participantsAdded(change: MembershipChange): void
  /** Takes the sockets of these people out of both rooms of the conversation, at once and on every gateway. */
  participantsRemoved(change: MembershipChange): void
  /** Whether Redis is there, as far as is known: what is published while it is not fails at once. */
  canPublish(): boolean
  /** Ends these connections, each on its gateway: their people have too many. */
  connectionsEnded(connectionIds: readonly string[]): void
  /** Something else that Redis must take along with what is published here. Never throws, whatever becomes of it. */
  alongside(work: Promise<unknown>): void
  /** A publisher that knows what became of its calls. */
  confirming(): ConfirmingPublisher
}

export interface ConfirmingPublisher extends EventPublisher {
  /** Settles when Redis has taken, or not taken, all that was published here so far, and what goes alongside. */
  confirmed(): Promise<void>
}

/** Name of the server-side event that carries a removal from any process to the gateways: `(change: MembershipChange)`. */
export const participantsRemovedSignal = 'participants_removed'

/** The same for connections that are one too many: `(connectionIds: string[])`. */
export const connectionsEndedSignal = 'connections_ended'
