import type { ConversationId, EventPayload, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { conversationRoom, participantsRoom, userRoom } from '../events/rooms.js'
import type { WrittenMessage } from './written-message.js'

/** Tells new messages, in their order: see {@link EventPublisher.messagesSent}. */
export function announceMessages({ events }: Chat, messages: readonly WrittenMessage[]): void {
  events.messagesSent(messages)
}

type Activity = Omit<EventPayload<'conversation_activity'>, 'conversationId'>

/**
 * Tells list screens what the newest message of a conversation is now: those of the participants who are not in the room, or, where they are
 * given, only those of these people.
 */
export function announceActivity(chat: Chat, conversationId: ConversationId, activity: Activity, only?: readonly UserId[]): void {
  const rooms = only ? only.map(userRoom) : [participantsRoom(conversationId)]
  chat.events.publish('conversation_activity', { conversationId, ...activity }, { rooms, except: [conversationRoom(conversationId)] })
}
