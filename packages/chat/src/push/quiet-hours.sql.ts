import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { QuietHours } from './quiet-hours.js'

export async function upsertQuietHours(db: Kysely<Tables>, userId: UserId, { fromMinute, toMinute, timeZone }: QuietHours): Promise<void> {
  const values = { from_minute: fromMinute, to_minute: toMinute, time_zone: timeZone }
  await db
    .insertInto('quiet_hours')
    .values({ user_id: userId, ...values })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(values))
    .execute()
}

export async function findQuietHours(db: Kysely<Tables>, userId: UserId): Promise<QuietHours | undefined> {
  const row = await db
    .selectFrom('quiet_hours')
    .select(['from_minute', 'to_minute', 'time_zone'])
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row && { fromMinute: row.from_minute, toMinute: row.to_minute, timeZone: row.time_zone }
}

export async function deleteQuietHours(db: Kysely<Tables>, userId: UserId): Promise<void> {
  await db.deleteFrom('quiet_hours').where('user_id', '=', userId).execute()
}
