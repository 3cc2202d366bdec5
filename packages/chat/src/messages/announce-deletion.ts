import type { Chat } from '../chat.js'
import type { Announcement } from '../events/announcement.js'
import { conversationRoom } from '../events/rooms.js'
import { announceActivity } from './announce-message.js'
import { loadNewestMessage } from './load-messages.js'

export type DeletionAnnouncement = Extract<Announcement, { kind: 'deletion' }>

/** Tells the room that a message is gone, and list screens what is the newest one now. Cached pages that show it go. */
export async function announceDeletion(chat: Chat, deletion: DeletionAnnouncement): Promise<void> {
  const { conversationId, messageId, userId, at, seq, version, lastMessageAt } = deletion
  chat.events.publish('message_deleted', { messageId, conversationId, userId, at }, { rooms: [conversationRoom(conversationId)] })
  chat.events.alongside(chat.cache.forget({ id: conversationId, version }))
  const newest = await loadNewestMessage(chat, conversationId)
  if (newest && newest.seq > seq) return
  announceActivity(chat, conversationId, { last_message: newest ?? null, last_message_at: lastMessageAt })
}
