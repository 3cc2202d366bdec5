import type { Message, ReceiptNews, UserId } from '@viatra-chat/client'

/** How far a message has come. `partly_*`: some of several others. */
export type Progress = 'sent' | 'partly_delivered' | 'delivered' | 'partly_read' | 'read'

/** @param others how many people besides its sender are to get it */
export function progressOf(message: Message, others: number): Progress {
  const readers = message.read_by.length - 1
  const receivers = message.delivered_to.length - 1
  if (others > 0 && readers >= others) return 'read'
  if (readers > 0) return 'partly_read'
  if (others > 0 && receivers >= others) return 'delivered'
  return receivers > 0 ? 'partly_delivered' : 'sent'
}

/** The message with what the news says of it; the same object if that is nothing new. */
export function withReceipt(message: Message, news: ReceiptNews): Message {
  if (news.kind !== 'synced') {
    return news.messageId === message.id ? marked(message, news.userId, news.kind === 'read') : message
  }
  if (news.conversation_id !== message.conversation_id) return message
  const isIn = (ranges: readonly (readonly [number, number])[]) => ranges.some(([from, to]) => message.seq >= from && message.seq <= to)
  const isRead = isIn(news.read)
  return isRead || isIn(news.delivered) ? marked(message, news.user_id, isRead) : message
}

export const markedAsRead = (message: Message, userId: UserId): Message => marked(message, userId, true)

function marked(message: Message, userId: UserId, isRead: boolean): Message {
  const delivered_to = including(message.delivered_to, userId)
  const read_by = isRead ? including(message.read_by, userId) : message.read_by
  return delivered_to === message.delivered_to && read_by === message.read_by ? message : { ...message, delivered_to, read_by }
}

function including(ids: UserId[], id: UserId): UserId[] {
  return ids.includes(id) ? ids : [...ids, id]
}
