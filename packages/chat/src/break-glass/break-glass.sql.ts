import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'

export interface NewGrant {
  id: string
  conversationId: ConversationId
  userId: UserId
  grantedBy: UserId
  reason: string
  minutes: number
}

/** When it ends; undefined when there is no such conversation. */
export async function insertGrant(tx: Transaction<Tables>, grant: NewGrant): Promise<Date | undefined> {
  const { rows } = await sql<{ expires_at: Date }>`
    insert into break_glass_grants (id, conversation_id, user_id, granted_by, reason, expires_at)
    select ${grant.id}, c.id, ${grant.userId}, ${grant.grantedBy}, ${grant.reason}, now() + make_interval(mins => ${grant.minutes}::int)
    from conversations c where c.id = ${grant.conversationId}
    returning expires_at`.execute(tx)
  return rows[0]?.expires_at
}

export async function isAdministrator(db: Kysely<Tables>, userId: UserId): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('role', '=', 'admin')
    .where('is_active', '=', true)
    .executeTakeFirst()
  return row !== undefined
}

/** A grant that is in force now; the youngest, where there are several. */
export function findGrant(db: Kysely<Tables>, conversationId: ConversationId, userId: UserId) {
  return db
    .selectFrom('break_glass_grants')
    .select(['id', 'reason'])
    .where('conversation_id', '=', conversationId)
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('granted_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export function endGrantRow(tx: Transaction<Tables>, id: string) {
  return tx
    .updateTable('break_glass_grants')
    .set({ ended_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning(['conversation_id', 'user_id'])
    .executeTakeFirst()
}
