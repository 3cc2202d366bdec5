import type { Chat } from '../chat.js'
import { announceConversation } from '../conversations/announce-conversation.js'
import { loadShared } from '../conversations/load-conversations.js'
import { announceChange } from '../membership/announce-change.js'
import { whoTakesPart } from '../membership/who-takes-part.js'
import { announceDeletion } from '../messages/announce-deletion.js'
import { announceMessages } from '../messages/announce-message.js'
import { loadMessage, loadMessagesAt } from '../messages/load-messages.js'
import { writeMessage } from '../messages/written-message.js'
import { announceReceipts } from '../receipts/announce-receipts.js'
import { removals, type Announcement } from './announcement.js'

/**
 * Tells something from the outbox as its writer would have, with what is stored now: whoever was added and has been removed since is let in
 * nowhere, and whoever was removed and has come back since loses nothing.
 */
export async function announce(chat: Chat, announcement: Announcement): Promise<void> {
  switch (announcement.kind) {
    case 'messages':
      return announceMessages(chat, (await loadMessagesAt(chat, announcement.at)).map(writeMessage))
    case 'receipts':
      return announceReceipts(chat, announcement.event, announcement.marks)
    case 'deletion':
      return announceDeletion(chat, announcement)
    case 'creation':
      return announceStoredCreation(chat, announcement)
    case 'change':
      return announceStoredChange(chat, announcement)
    default:
      announcement satisfies never
  }
}

type Of<K extends Announcement['kind']> = Extract<Announcement, { kind: K }>

async function announceStoredCreation(chat: Chat, { conversationId, userIds }: Of<'creation'>): Promise<void> {
  const shared = await loadShared(chat, conversationId)
  const present = await whoTakesPart(chat, conversationId, userIds)
  announceConversation(chat, shared, [...present])
}

async function announceStoredChange(chat: Chat, change: Of<'change'>): Promise<void> {
  const message = await loadMessage(chat, change.conversationId, change.messageId)
  if (!message) throw new Error('the system message of a change is not there')
  const present = await whoTakesPart(chat, change.conversationId, change.userIds)
  const isRemoval = removals.includes(change.action)
  await announceChange(chat, { ...change, userIds: change.userIds.filter((userId) => present.has(userId) !== isRemoval) }, message)
}
