import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/**
 * Messages of others since joining that are neither system nor deleted nor read. Only the gaps in what was read are looked at: a subquery
 * for each gap, since joined to the gaps PostgreSQL would rather read the whole conversation.
 */
export async function countUnread(
  db: Kysely<Tables>,
  conversationIds: readonly ConversationId[],
  userId: UserId,
): Promise<Map<string, number>> {
  const { rows } = await sql<{ conversation_id: string; unread: string }>`
    select m.conversation_id, (
      select coalesce(sum((
        select count(*) from messages x
        where x.conversation_id = m.conversation_id and x.seq >= lower(gap) and x.seq < upper(gap)
          and x.sender_id <> m.user_id and x.message_type <> 'system' and not x.is_deleted
      )), 0)
      from unnest(int8multirange(int8range(m.joined_seq + 1, c.last_seq + 1)) - m.read_seqs) as gap
    ) as unread
    from conversation_members m join conversations c on c.id = m.conversation_id
    where m.user_id = ${userId} and m.conversation_id = any(${[...conversationIds]}::uuid[])`.execute(db)
  return new Map(rows.map((row) => [row.conversation_id, Number(row.unread)]))
}
