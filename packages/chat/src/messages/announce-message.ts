import type { Message } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { conversationRoom, participantsRoom } from '../events/rooms.js'

/** Tells the room about a new message, and the list screens of the participants who are not in it. */
export function announceMessage(chat: Chat, message: Message): void {
  const room = conversationRoom(message.conversation_id)
  chat.events.publish('new_message', message, { rooms: [room] })
  announceActivity(chat, message.conversation_id, message, message.created_at)
}

/** Tells list screens what the newest message of a conversation is now. */
export function announceActivity(chat: Chat, conversationId: Message['conversation_id'], newest: Message | null, at: string | null): void {
  const activity = { conversationId, last_message: newest, last_message_at: at }
  chat.events.publish('conversation_activity', activity, {
    rooms: [participantsRoom(conversationId)],
    except: [conversationRoom(conversationId)],
  })
}
