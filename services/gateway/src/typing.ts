import { announceTyping, Refusal, requireMembership, startTyping, stopTyping, type Answer } from '@viatra-chat/chat'
import { bounds, type ConversationId, type OperationInput, type OperationOutput } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { isJoined } from './is-joined.js'

/** Where a socket has said that its person types, with what ends it should the client fall silent. */
export type TypingTimers = Map<ConversationId, NodeJS.Timeout>

// The key in Redis must still be there when the timer fires, since deleting it decides who announces the end.
const aheadOfKeyMs = 100

export async function typingStart(
  gateway: Gateway,
  connection: Connection,
  { conversation_id: conversationId }: OperationInput<'typing_start'>,
): Promise<Answer<OperationOutput<'typing_start'>>> {
  await requireJoined(gateway, connection, conversationId)
  setTypingTimer(gateway, connection, conversationId)
  await startTyping(gateway.chat, conversationId, connection.session.actor.userId, connection.socket.id).catch(() => undefined)
  return { data: { conversationId } }
}

export async function typingStop(
  gateway: Gateway,
  connection: Connection,
  { conversation_id: conversationId }: OperationInput<'typing_stop'>,
): Promise<Answer<OperationOutput<'typing_stop'>>> {
  await requireJoined(gateway, connection, conversationId)
  endTypingIn(gateway, connection, conversationId)
  return { data: { conversationId } }
}

/** Ends what this socket started in a conversation; says nothing if that was nothing. While Redis is away it is dropped. */
export function endTypingIn(gateway: Gateway, connection: Connection, conversationId: ConversationId): void {
  if (!clearTypingTimer(connection, conversationId)) return
  stopTyping(gateway.chat, conversationId, connection.session.actor.userId, connection.socket.id).catch(() => undefined)
}

export function endAllTyping(gateway: Gateway, connection: Connection): void {
  for (const conversationId of [...(connection.typing?.keys() ?? [])]) endTypingIn(gateway, connection, conversationId)
}

/** Being in the room is proof of membership: whoever is removed is taken out of it at once. */
async function requireJoined(gateway: Gateway, connection: Connection, conversationId: ConversationId): Promise<void> {
  if (isJoined(connection, conversationId)) return
  await requireMembership(gateway.chat, connection.session.actor, conversationId)
  throw new Refusal('NOT_JOINED')
}

function setTypingTimer(gateway: Gateway, connection: Connection, conversationId: ConversationId): void {
  clearTypingTimer(connection, conversationId)
  const startedAt = Date.now()
  const expire = () => expireTyping(gateway, connection, conversationId, startedAt)
  connection.typing ??= new Map<ConversationId, NodeJS.Timeout>()
  connection.typing.set(conversationId, setTimeout(expire, bounds.typingLifetimeMs - aheadOfKeyMs))
}

function expireTyping(gateway: Gateway, connection: Connection, conversationId: ConversationId, startedAt: number): void {
  // A process that was held up finds the key gone without anybody having said so; an end told twice does less harm than none.
  const isLate = Date.now() - startedAt >= bounds.typingLifetimeMs
  connection.typing?.delete(conversationId)
  const { userId } = connection.session.actor
  stopTyping(gateway.chat, conversationId, userId, connection.socket.id)
    .then((ended) => {
      if (!ended && isLate) announceTyping(gateway.chat, conversationId, userId, false)
    })
    .catch(() => undefined)
}

function clearTypingTimer({ typing }: Connection, conversationId: ConversationId): boolean {
  clearTimeout(typing?.get(conversationId))
  return typing?.delete(conversationId) ?? false
}
