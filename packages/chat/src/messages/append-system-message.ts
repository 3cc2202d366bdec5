import type { MessageId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Transaction } from 'kysely'
import type { Membership } from '../membership/membership.js'

export interface SystemMessage {
  id: MessageId
  content: string
  metadata: Record<string, unknown>
}

/** Appends a system message in a transaction that holds the conversation's lock. */
export async function appendSystemMessage(tx: Transaction<Tables>, membership: Membership, message: SystemMessage): Promise<void> {
  await sql`
    with bumped as (
      update conversations set last_seq = last_seq + 1, message_count = message_count + 1, version = version + 1,
        last_message_at = greatest(last_message_at, clock_timestamp()::timestamptz(3))
      where id = ${membership.conversation.id} returning id, last_seq, last_message_at
    )
    insert into messages (conversation_id, seq, id, sender_id, message_type, content, metadata, created_at, updated_at)
    select id, last_seq, ${message.id}, ${membership.userId}, 'system', ${message.content}, ${JSON.stringify(message.metadata)}::jsonb,
      last_message_at, last_message_at from bumped`.execute(tx)
}
