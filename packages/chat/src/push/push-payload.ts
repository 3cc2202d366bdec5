import type { MessageType } from '@viatra-chat/contract'
import { pushText } from './push-text.js'
import type { OutgoingPush } from './push-transport.js'

/** A message, as far as a push shows it. */
export interface PushedMessage {
  id: string
  conversationId: string
  senderId: string
  senderName: string
  type: MessageType
  content: string | null
  fileName: string | null
}

export interface PayloadOptions {
  token: string
  /** The person's unread messages, over all conversations. */
  badge: number
  /** `generic` shows neither who wrote nor what. */
  content: 'full' | 'generic'
  /** How long it may wait for a device that is away, ms. */
  ttlMs: number
}

/** The push of a message. Sent twice it is shown once: tag and collapse id are the message's. */
export function messagePayload(message: PushedMessage, { token, badge, content, ttlMs }: PayloadOptions): OutgoingPush {
  return {
    token,
    notification: content === 'generic' ? generic : { title: pushText(message.senderName) || generic.title, body: bodyOf(message) },
    data: { type: 'new_message', conversation_id: message.conversationId, message_id: message.id, sender_id: message.senderId },
    android: {
      priority: 'high',
      collapseKey: message.conversationId,
      ttl: ttlMs,
      notification: { sound: 'default', channelId: 'chat_messages', tag: message.id, visibility: 'private' },
    },
    apns: {
      headers: { 'apns-collapse-id': message.id, 'apns-expiration': String(Math.floor((Date.now() + ttlMs) / 1000)) },
      payload: { aps: { sound: 'default', badge, 'mutable-content': 1 } },
    },
  }
}

/** Sets the number on the app's icon and shows nothing. */
export function badgePayload({ token, badge }: Pick<PayloadOptions, 'token' | 'badge'>): OutgoingPush {
  return {
    token,
    data: { type: 'badge', badge: String(badge) },
    android: { priority: 'normal', collapseKey: 'badge' },
    apns: {
      headers: { 'apns-push-type': 'background', 'apns-priority': '5', 'apns-collapse-id': 'badge' },
      payload: { aps: { badge, 'content-available': 1 } },
    },
  }
}

const generic = { title: 'New message', body: 'You have a new message.' }

function bodyOf({ type, content, fileName }: PushedMessage): string {
  const text = pushText(content ?? '')
  if (text !== '') return text
  if (type === 'image') return '📷 Photo'
  if (type === 'file') return `📎 ${pushText(fileName ?? '') || 'File'}`
  return generic.body
}
