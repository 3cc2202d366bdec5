import type { ConversationId, EventPayload, Message, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { conversationRoom, participantsRoom, userRoom } from '../events/rooms.js'

/** Tells the room about a new message, and the list screens of the participants who are not in it. */
export function announceMessage(chat: Chat, message: Message, options?: ActivityAudience): void {
  chat.events.publish('new_message', message, { rooms: [conversationRoom(message.conversation_id)] })
  announceActivity(chat, message.conversation_id, activityOf(message), options)
}

/** The same for several, in their order. */
export function announceMessages(chat: Chat, messages: readonly Message[]): void {
  for (const message of messages) announceMessage(chat, message)
}

type Activity = Omit<EventPayload<'conversation_activity'>, 'conversationId'>

/** Some of the participants: all but these, or only these. */
export type ActivityAudience = { butNot: readonly UserId[] } | { only: readonly UserId[] }

/** What a list screen shows when a message is the newest. */
export const activityOf = (message: Message): Activity => ({ last_message: message, last_message_at: message.created_at })

/** Tells list screens of participants who are not in the room what the newest message of a conversation is now. */
export function announceActivity(
  chat: Chat,
  conversationId: ConversationId,
  activity: Activity,
  audience: ActivityAudience = { butNot: [] },
): void {
  const rooms = 'only' in audience ? audience.only.map(userRoom) : [participantsRoom(conversationId)]
  const others = 'only' in audience ? [] : audience.butNot.map(userRoom)
  chat.events.publish(
    'conversation_activity',
    { conversationId, ...activity },
    { rooms, except: [conversationRoom(conversationId), ...others] },
  )
}
