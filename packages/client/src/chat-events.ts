import type { Conversation, EventPayload, Message, SharedConversation, SyncedReceipts } from '@viatra-chat/contract'
import type { ChatError } from './chat-error.js'
import type { PendingSend } from './send-queue.js'

/**
 * `offline`: not connected, the next attempt is planned unless `connect` was not called yet; `connecting`: an attempt is under way;
 * `online`: connected, sends go out; `closed`: for good.
 */
export type ConnectionState = 'offline' | 'connecting' | 'online' | 'closed'

/** One message was delivered or read just now, or, after an absence, everything of one person as ranges of `seq`. */
export type ReceiptNews = ({ kind: 'delivered' | 'read' } & EventPayload<'message_read'>) | ({ kind: 'synced' } & SyncedReceipts)

/** What changed about a conversation. */
export type ConversationNews =
  /** It is new, or one was added to it. */
  | { kind: 'created'; conversation: Conversation }
  /** `unread_count` is there after an absence only. */
  | { kind: 'updated'; conversation: SharedConversation & Partial<Conversation> }
  /** A conversation that is not joined has a new newest message. */
  | ({ kind: 'activity' } & EventPayload<'conversation_activity'>)

/** What has to be loaded anew. */
export type ResetNews =
  /** The absence was too long: the newest conversations as they are now. Load anew whatever is shown. */
  | { kind: 'everything'; conversations: readonly Conversation[] }
  /** One conversation went on by more messages than are fetched one by one: load its history anew. */
  | { kind: 'conversation'; conversationId: string }

/** What the client tells, by the name given to `on`. */
export interface ChatEvents {
  /** The connection stands otherwise. */
  state: ConnectionState
  /** Of joined conversations: each exactly once, in order of `seq` within its conversation. */
  message: Message
  /** May come twice. */
  message_deleted: EventPayload<'message_deleted'>
  /** Something was delivered or read. */
  receipt: ReceiptNews
  /** Somebody in a joined conversation began or ceased to type. */
  typing: EventPayload<'user_typing'>
  /** Somebody who shares a conversation came or went; `lastSeen` is null for who came. */
  presence: { userId: string; isOnline: boolean; lastSeen: string | null }
  /** A conversation is new, changed, or has a new message and is not joined. */
  conversation: ConversationNews
  /** One takes part no longer; may come twice. */
  conversation_removed: { conversationId: string }
  /** All messages that are not acknowledged yet, oldest first, whenever that changes. */
  pending: readonly PendingSend[]
  /** Load anew what is shown. */
  reset: ResetNews
  /** What no promise tells: refused connections, refused messages of an earlier run, failures of storage. */
  error: ChatError
}

export type Emit = <K extends keyof ChatEvents>(event: K, payload: ChatEvents[K]) => void

export interface Emitter {
  emit: Emit
  /** Gives the function that ends the listening. */
  on<K extends keyof ChatEvents>(event: K, listener: (payload: ChatEvents[K]) => void): () => void
}

export function createEmitter(): Emitter {
  const listeners = new Map<string, Set<(payload: never) => void>>()
  return {
    emit(event, payload) {
      for (const listener of listeners.get(event) ?? []) callSafely(listener as (payload: unknown) => void, payload)
    },
    on(event, listener) {
      const own = listeners.get(event) ?? new Set()
      listeners.set(event, own.add(listener))
      return () => void own.delete(listener)
    },
  }
}

// A listener's fault is the application's to see, and must not keep the client from going on.
function callSafely(listener: (payload: unknown) => void, payload: unknown): void {
  try {
    listener(payload)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
