import type { ConversationId, EventPayload, Message, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { conversationRoom, participantsRoom, userRoom } from '../events/rooms.js'

/**
 * Tells the room about a new message, and the list screens of the participants who are not in it.
 * `newcomers` are told of the whole conversation instead.
 */
export function announceMessage(chat: Chat, message: Message, newcomers: readonly UserId[] = []): void {
  const room = conversationRoom(message.conversation_id)
  chat.events.publish('new_message', message, { rooms: [room] })
  announceActivity(chat, message.conversation_id, { last_message: message, last_message_at: message.created_at }, newcomers)
}

type Activity = Omit<EventPayload<'conversation_activity'>, 'conversationId'>

/** Tells list screens what the newest message of a conversation is now. */
export function announceActivity(chat: Chat, conversationId: ConversationId, activity: Activity, newcomers: readonly UserId[] = []): void {
  chat.events.publish(
    'conversation_activity',
    { conversationId, ...activity },
    {
      rooms: [participantsRoom(conversationId)],
      except: [conversationRoom(conversationId), ...newcomers.map(userRoom)],
    },
  )
}
