import {
  conversationRoom,
  participantsRoom,
  Refusal,
  requireMembership,
  requireMembershipAmongMany,
  userRoom,
  type Answer,
  type Membership,
  type MembershipChange,
} from '@viatra-chat/chat'
import type { ConversationId, OperationInput, OperationOutput, UserId } from '@viatra-chat/contract'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { isJoined } from './is-joined.js'
import { endTypingIn } from './typing.js'

/**
 * Joins the room. `last_seq` is read after the join: whatever is newer will be heard. That query judges the membership as well; whoever does not
 * hear of the conversation yet is asked about before the join, too. Of those who do, removal takes out of both rooms at once.
 */
export async function joinConversation(
  gateway: Gateway,
  connection: Connection,
  { conversation_id: conversationId }: OperationInput<'join_conversation'>,
): Promise<Answer<OperationOutput<'join_conversation'>>> {
  const { socket } = connection
  const wasJoined = isJoined(connection, conversationId)
  const mark = gateway.removals.mark()
  if (!socket.rooms.has(participantsRoom(conversationId))) await requireMembershipSince(mark, gateway, connection, conversationId)
  if (socket.connected) void socket.join(conversationRoom(conversationId))
  try {
    const { conversation } = await requireMembershipSince(mark, gateway, connection, conversationId)
    return { data: { conversationId, last_seq: conversation.lastSeq } }
  } catch (error) {
    if (!wasJoined) void socket.leave(conversationRoom(conversationId))
    throw error
  }
}

/** What the database says may have been true before a removal that was heard meanwhile. */
async function requireMembershipSince(
  mark: number,
  gateway: Gateway,
  { session: { actor } }: Connection,
  conversationId: ConversationId,
): Promise<Membership> {
  const membership = await requireMembershipAmongMany(gateway.chat, actor, conversationId)
  if (gateway.removals.happenedSince(mark, conversationId, actor.userId)) throw new Refusal('NOT_A_PARTICIPANT')
  return membership
}

/** Leaves the room. Being in it is proof enough; anybody else is asked for their membership, as everywhere. */
export async function leaveConversation(
  gateway: Gateway,
  connection: Connection,
  { conversation_id: conversationId }: OperationInput<'leave_conversation'>,
): Promise<Answer<OperationOutput<'leave_conversation'>>> {
  if (!isJoined(connection, conversationId)) await requireMembership(gateway.chat, connection.session.actor, conversationId)
  void connection.socket.leave(conversationRoom(conversationId))
  endTypingIn(gateway, connection, conversationId)
  return { data: { conversationId } }
}

/** Takes the sockets of removed people, as far as they are connected here, out of what they may no longer hear. */
export function applyRemoval(gateway: Gateway, change: MembershipChange): void {
  gateway.removals.record(change)
  for (const userId of change.userIds) {
    gateway.presence.forgetRoom(userId, participantsRoom(change.conversationId))
    for (const connection of connectionsOf(gateway, userId)) removeFrom(gateway, connection, change.conversationId)
  }
}

/** Takes one socket out of what it may no longer hear of a conversation. */
export function removeFrom(gateway: Gateway, connection: Connection, conversationId: ConversationId): void {
  void connection.socket.leave(conversationRoom(conversationId))
  void connection.socket.leave(participantsRoom(conversationId))
  endTypingIn(gateway, connection, conversationId)
}

/** The sockets a person has on this gateway. */
export function connectionsOf(gateway: Gateway, userId: UserId): Connection[] {
  const socketIds = gateway.io.of('/').adapter.rooms.get(userRoom(userId)) ?? []
  return [...socketIds].flatMap((socketId) => gateway.connections.get(socketId) ?? [])
}
