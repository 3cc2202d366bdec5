import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

export function findUser(db: Kysely<Tables>, userId: UserId) {
  return db.selectFrom('users').select(['role', 'is_active']).where('id', '=', userId).executeTakeFirst()
}

export async function findInactive(db: Kysely<Tables>, userIds: readonly UserId[]): Promise<UserId[]> {
  if (userIds.length === 0) return []
  const rows = await db
    .selectFrom('users')
    .select('id')
    .where('is_active', '=', false)
    .where('id', '=', sql<string>`any(${[...userIds]}::uuid[])`)
    .execute()
  return rows.map((row) => row.id as UserId)
}
