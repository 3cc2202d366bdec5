import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/**
 * SQL: for the member `m` of the conversation `c` of the enclosing query, messages of others since joining that are neither system nor deleted nor
 * read. Only the gaps in what was read are looked at: a subquery for each gap, since joined to the gaps PostgreSQL would rather read the whole
 * conversation.
 */
export function unreadCount() {
  return sql<string>`(
    select coalesce(sum((
      select count(*) from messages x
      where x.conversation_id = m.conversation_id and x.seq >= lower(gap) and x.seq < upper(gap)
        and x.sender_id <> m.user_id and x.message_type <> 'system' and not x.is_deleted
    )), 0)
    from unnest(int8multirange(int8range(m.joined_seq + 1, c.last_seq + 1)) - m.read_seqs) as gap
  )`
}

/** How many messages of a conversation somebody has not read; 0 for whoever takes no part in it. */
export async function countUnread(db: Kysely<Tables>, conversationId: ConversationId, userId: UserId): Promise<number> {
  const { rows } = await sql<{ unread: string }>`
    select ${unreadCount()} as unread from conversation_members m join conversations c on c.id = m.conversation_id
    where m.user_id = ${userId} and m.conversation_id = ${conversationId}`.execute(db)
  return Number(rows[0]?.unread ?? 0)
}
