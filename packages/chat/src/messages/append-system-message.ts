import type { MessageId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Transaction } from 'kysely'
import type { Membership } from '../membership/membership.js'
import type { MessageRow } from './message-row.js'

export interface SystemMessage {
  id: MessageId
  content: string
  metadata: Record<string, unknown>
}

/** Appends a system message, sent by the member, in a transaction that holds the conversation's lock. */
export async function appendSystemMessage(tx: Transaction<Tables>, membership: Membership, message: SystemMessage): Promise<MessageRow> {
  const { rows } = await sql<MessageRow>`
    with bumped as (
      update conversations set last_seq = last_seq + 1, message_count = message_count + 1, version = version + 1,
        last_message_at = greatest(last_message_at, clock_timestamp()::timestamptz(3))
      where id = ${membership.conversation.id} returning id, last_seq, last_message_at
    ), stored as (
      insert into messages (conversation_id, seq, id, sender_id, message_type, content, metadata, created_at, updated_at)
      select id, last_seq, ${message.id}, ${membership.userId}, 'system', ${message.content}, ${JSON.stringify(message.metadata)}::jsonb,
        last_message_at, last_message_at from bumped
      returning *
    )
    select m.id, m.conversation_id, m.seq, m.sender_id, m.parent_message_id, m.message_type, m.content, m.metadata, m.client_message_id,
      m.is_edited, m.is_deleted, m.created_at, m.updated_at, u.first_name, u.last_name, u.avatar_url, u.role,
      null as parent_seq, null as parent_sender_id, null as parent_type, null as parent_content, null as parent_deleted
    from stored m left join users u on u.id = m.sender_id`.execute(tx)
  const [row] = rows
  if (!row) throw new Error('a locked conversation is not there')
  return row
}
