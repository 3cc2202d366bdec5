import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/** In the order asked; undefined where there is nobody. */
export async function findUsers(db: Kysely<Tables>, userIds: readonly UserId[]) {
  const rows = await db
    .selectFrom('users')
    .select(['id', 'role', 'is_active'])
    .where('id', '=', sql<string>`any(${[...userIds]}::uuid[])`)
    .execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  return userIds.map((userId) => byId.get(userId))
}

/** The same with the conversations that each takes part in: all that somebody who connects is asked for. */
export async function findArrivals(db: Kysely<Tables>, userIds: readonly UserId[]) {
  const { rows } = await sql<{ id: UserId; role: string | null; is_active: boolean | null; conversation_ids: ConversationId[] }>`
    select u.id, u.role, u.is_active, array(select m.conversation_id from conversation_members m where m.user_id = u.id) as conversation_ids
    from users u where u.id = any(${[...new Set(userIds)]}::uuid[])`.execute(db)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return userIds.map((userId) => byId.get(userId))
}

/** Those of the given people who are deactivated, or who are nobody any more. */
export async function findInactive(db: Kysely<Tables>, userIds: readonly UserId[]): Promise<UserId[]> {
  if (userIds.length === 0) return []
  const asked = sql`${[...userIds]}::uuid[]`
  // Deactivated ones come from a small index. Who is missing is looked up one by one in the primary key: an anti join reads the whole table.
  const { rows } = await sql<{ id: UserId }>`
    select id from users where is_active = false and id = any(${asked})
    union all
    select asked.id from unnest(${asked}) as asked (id)
    left join lateral (select users.id from users where users.id = asked.id limit 1) as found on true
    where found.id is null`.execute(db)
  return rows.map((row) => row.id)
}

/** Those of the given people whose role is `admin`. */
export async function findAdministrators(db: Kysely<Tables>, userIds: readonly UserId[]): Promise<UserId[]> {
  if (userIds.length === 0) return []
  const rows = await db
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('id', '=', sql<string>`any(${[...userIds]}::uuid[])`)
    .execute()
  return rows.map((row) => row.id as UserId)
}
