import type { Chat } from '../chat.js'
import type { Marks } from '../events/announcement.js'
import { conversationRoom, userRoom } from '../events/rooms.js'

/** One event for each message newly marked. */
export function announceReceipts(chat: Chat, event: 'message_read' | 'message_delivered', marks: Marks): void {
  const { conversationId, userId, toRoom } = marks
  // Written by PostgreSQL when it comes from the outbox.
  const at = new Date(marks.at).toISOString()
  for (const [messageId, senderId] of marks.messages) {
    const rooms = [toRoom ? conversationRoom(conversationId) : userRoom(senderId)]
    chat.events.publish(event, { messageId, userId, conversationId, at }, { rooms })
  }
}
