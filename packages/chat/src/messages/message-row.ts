import {
  bounds,
  firstCodePoints,
  type ConversationId,
  type Message,
  type MessageId,
  type Person,
  type Quote,
  type UserId,
} from '@viatra-chat/contract'
import type { Readers } from '../receipts/readers.js'
import { shownMetadata } from '../shown-metadata.js'

/** A message with its sender and its parent, as every query of messages selects it. */
export interface MessageRow {
  id: string
  conversation_id: string
  seq: string
  sender_id: string
  parent_message_id: string | null
  message_type: Message['message_type']
  content: string | null
  metadata: Record<string, unknown>
  client_message_id: string | null
  is_edited: boolean
  is_deleted: boolean
  created_at: Date
  updated_at: Date
  first_name: string | null
  last_name: string | null
  avatar_url: string | null
  role: string | null
  parent_seq: string | null
  parent_sender_id: string | null
  parent_type: Message['message_type'] | null
  parent_content: string | null
  parent_deleted: boolean | null
  /** Content and metadata, while they are not opened: then those hold neither. */
  sealed?: Buffer | null
  /** The same of the parent. */
  parent_sealed?: Buffer | null
}

/** A message as the wire shows it, of a row that is opened; what was deleted is not in it. */
export function toMessage(row: MessageRow, readers: Readers): Message {
  const seq = Number(row.seq)
  const createdAt = toText(row.created_at)
  const senderId = row.sender_id as UserId
  return {
    id: row.id as MessageId,
    conversation_id: row.conversation_id as ConversationId,
    seq,
    sender_id: senderId,
    parent_message_id: row.parent_message_id as MessageId | null,
    parent: toQuote(row),
    message_type: row.message_type,
    content: row.is_deleted ? null : row.content,
    metadata: row.is_deleted ? {} : shownMetadata(row.metadata),
    read_by: readers.readBy(senderId, seq),
    delivered_to: readers.deliveredTo(senderId, seq),
    is_edited: row.is_edited,
    is_deleted: row.is_deleted,
    created_at: createdAt,
    updated_at: toText(row.updated_at),
    client_message_id: row.client_message_id,
    sender: toSender(row),
  }
}

let lastTime = 0
let lastText = ''

// Those of one batch, and often those of one page, are of the same millisecond.
function toText(time: Date): string {
  if (lastText === '' || time.getTime() !== lastTime) [lastTime, lastText] = [time.getTime(), time.toISOString()]
  return lastText
}

function toQuote(row: MessageRow): Quote | null {
  if (row.parent_message_id === null || row.parent_seq === null || row.parent_type === null) return null
  const deleted = row.parent_deleted ?? false
  return {
    id: row.parent_message_id as MessageId,
    seq: Number(row.parent_seq),
    sender_id: row.parent_sender_id as UserId,
    message_type: row.parent_type,
    content: deleted || row.parent_content === null ? null : firstCodePoints(row.parent_content, bounds.quoteLengthMax),
    is_deleted: deleted,
  }
}

// The platform may have removed a person whose messages stay.
function toSender(row: MessageRow): Person {
  return {
    id: row.sender_id as UserId,
    first_name: row.first_name ?? '',
    last_name: row.last_name ?? '',
    avatar_url: row.avatar_url,
    role: row.role,
  }
}
