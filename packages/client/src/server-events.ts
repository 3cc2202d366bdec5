import type { EventName, EventPayload, Message, SyncPage } from '@viatra-chat/contract'
import { ChatError } from './chat-error.js'
import type { Emit } from './chat-events.js'
import type { MessageOrder } from './message-order.js'

export interface ServerEventsOptions {
  emit: Emit
  order: MessageOrder
  /** One takes part no longer. */
  onRemoved: (conversationId: string) => void
  /** The server may have left something out. */
  onResync: () => void
}

type Handlers = { [N in EventName]: (payload: EventPayload<N>) => void }

/** Gives what takes in an event of the server. */
export function createServerEvents({ emit, order, onRemoved, onResync }: ServerEventsOptions): (event: string, payload: unknown) => void {
  const handlers: Handlers = {
    new_message: order.offer,
    message_delivered: (receipt) => emit('receipt', { kind: 'delivered', ...receipt }),
    message_read: (receipt) => emit('receipt', { kind: 'read', ...receipt }),
    message_deleted(deletion) {
      order.forget(deletion.conversationId, deletion.messageId)
      emit('message_deleted', deletion)
    },
    user_typing: (typing) => emit('typing', typing),
    user_online: ({ userId }) => emit('presence', { userId, isOnline: true, lastSeen: null }),
    user_offline: ({ userId, lastSeen }) => emit('presence', { userId, isOnline: false, lastSeen }),
    conversation_created: (conversation) => emit('conversation', { kind: 'created', conversation }),
    conversation_updated: (conversation) => emit('conversation', { kind: 'updated', conversation }),
    conversation_activity(activity) {
      // Comes for joined conversations too, in the moment between a new connection and its joins.
      if (!order.has(activity.conversationId)) emit('conversation', { kind: 'activity', ...activity })
      else if (activity.last_message) order.offer(activity.last_message)
    },
    conversation_removed: ({ conversationId }) => onRemoved(conversationId),
    resync: onResync,
    error({ code, message }) {
      // The connection ends with it and comes back with a new token.
      if (code !== 'TOKEN_EXPIRED') emit('error', new ChatError(code, message))
    },
  }
  return (event, payload) => {
    // The table pairs each name with its payload; what the server tells is typed by the contract.
    if (Object.hasOwn(handlers, event)) (handlers[event as keyof Handlers] as (payload: unknown) => void)(payload)
  }
}

/** Takes in what happened while nobody listened. */
export function takeSyncPage(page: SyncPage, { emit, order, onRemoved }: Omit<ServerEventsOptions, 'onResync'>): void {
  for (const conversationId of page.removed_conversation_ids) onRemoved(conversationId)
  for (const conversation of page.conversations) emit('conversation', { kind: 'updated', conversation })
  const newest = new Map<string, Message>()
  for (const message of page.messages) {
    const { conversation_id: conversationId, id: messageId, sender_id: userId, updated_at: at } = message
    const isUnseen = message.seq > (order.seqOf(conversationId) ?? 0)
    if (order.has(conversationId) && isUnseen) order.offer(message)
    else if (message.is_deleted) emit('message_deleted', { messageId, conversationId, userId, at })
    else if (!order.has(conversationId)) newest.set(conversationId, message)
  }
  for (const message of newest.values()) emit('conversation', { kind: 'activity', ...activityOf(message) })
  for (const receipts of page.receipts) emit('receipt', { kind: 'synced', ...receipts })
}

function activityOf(message: Message) {
  return { conversationId: message.conversation_id, last_message: message, last_message_at: message.created_at }
}
