import type { Chat } from '../chat.js'
import { announceConversation } from '../conversations/announce-conversation.js'
import { loadShared } from '../conversations/load-conversations.js'
import { announceChange } from '../membership/announce-change.js'
import { announceDeletion } from '../messages/announce-deletion.js'
import { announceMessage } from '../messages/announce-message.js'
import { loadMessage, loadMessagesAt } from '../messages/load-messages.js'
import { announceReceipts } from '../receipts/announce-receipts.js'
import type { Announcement } from './announcement.js'

/** Tells something from the outbox as its writer would have, with what is stored now. */
export async function announce(chat: Chat, announcement: Announcement): Promise<void> {
  switch (announcement.kind) {
    case 'messages':
      for (const message of await loadMessagesAt(chat.db, announcement.at)) announceMessage(chat, message)
      return
    case 'receipts':
      return announceReceipts(chat, announcement.event, announcement.marks)
    case 'deletion':
      return announceDeletion(chat, announcement)
    case 'creation':
      return announceConversation(chat, await loadShared(chat, announcement.conversationId), announcement.userIds)
    case 'change':
      return announceStoredChange(chat, announcement)
    default:
      announcement satisfies never
  }
}

async function announceStoredChange(chat: Chat, change: Extract<Announcement, { kind: 'change' }>): Promise<void> {
  const message = await loadMessage(chat.db, change.messageId)
  if (!message) throw new Error('the system message of a change is not there')
  await announceChange(chat, change, message)
}
