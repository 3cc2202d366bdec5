import type { ConversationId, MessageId, UserId } from '@viatra-chat/contract'

/** What a change of a conversation was; its system message says the same in `metadata.action`. */
export type SystemAction = 'participants_added' | 'participant_removed' | 'participant_left' | 'role_changed' | 'metadata_changed'

/** What takes people out of a conversation. */
export const removals: readonly SystemAction[] = ['participant_removed', 'participant_left']

/**
 * Something that happened and is to be told: a row of the outbox. Refers to what is stored and repeats no content, so that
 * nothing deleted can be told from it.
 */
export type Announcement =
  | { kind: 'messages'; at: [ConversationId, number][] }
  | { kind: 'receipts'; event: 'message_read' | 'message_delivered'; marks: Marks }
  | {
      kind: 'deletion'
      conversationId: ConversationId
      messageId: MessageId
      userId: UserId
      seq: number
      /** Of the conversation, after the deletion. */
      version: number
      at: string
      lastMessageAt: string | null
    }
  | { kind: 'creation'; conversationId: ConversationId; userIds: UserId[] }
  | { kind: 'change'; action: SystemAction; conversationId: ConversationId; messageId: MessageId; userIds: UserId[] }

/** Messages that one person newly marked. */
export interface Marks {
  conversationId: ConversationId
  userId: UserId
  /** ISO 8601. */
  at: string
  /** Whether the whole room hears of it; else each message's sender alone. */
  toRoom: boolean
  messages: [MessageId, sender: UserId][]
}
