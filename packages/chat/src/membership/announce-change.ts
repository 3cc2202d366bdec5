import type { Message, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { loadShared } from '../conversations/load-conversations.js'
import { removals, type SystemAction } from '../events/announcement.js'
import { participantsRoom, userRoom } from '../events/rooms.js'
import { announceActivity } from '../messages/announce-message.js'
import { writeMessage } from '../messages/written-message.js'

/**
 * Tells everybody about a change of a conversation. What needs no further question to the database goes at once: a message that
 * is sent next must not overtake it. Removed people go first of all, so that they hear nothing of what follows; added people get the
 * conversation before its events.
 */
export async function announceChange(
  chat: Chat,
  { action, userIds }: { action: SystemAction; userIds: readonly UserId[] },
  message: Message,
): Promise<void> {
  const { conversation_id: conversationId } = message
  if (removals.includes(action)) {
    chat.events.participantsRemoved({ conversationId, userIds })
    chat.events.publish('conversation_removed', { conversationId }, { rooms: userIds.map(userRoom) })
  }
  const newcomers = action === 'participants_added' ? userIds : []
  chat.events.participantsAdded({ conversationId, userIds: newcomers })
  chat.events.messagesSent([writeMessage(message)], newcomers)
  const shared = await loadShared(chat, conversationId)
  chat.events.publish('conversation_created', { ...shared, unread_count: 0 }, { rooms: newcomers.map(userRoom) })
  announceActivity(chat, conversationId, { last_message: message, last_message_at: message.created_at }, newcomers)
  chat.events.publish('conversation_updated', shared, { rooms: [participantsRoom(conversationId)] })
}
