import { conversationRoom } from '@viatra-chat/chat'
import type { ConversationId } from '@viatra-chat/contract'
import type { Connection } from './connection.js'

/** Whether the socket is in the room of a conversation. */
export function isJoined({ socket }: Connection, conversationId: ConversationId): boolean {
  return socket.rooms.has(conversationRoom(conversationId))
}
