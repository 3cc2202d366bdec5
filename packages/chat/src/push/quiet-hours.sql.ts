import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import type { QuietHours } from './quiet-hours.js'

/** Gives whether the person is active, as of the lock on their row; nothing is stored of anybody else. */
export async function upsertQuietHours(
  db: Kysely<Tables>,
  userId: UserId,
  { fromMinute, toMinute, timeZone }: QuietHours,
): Promise<boolean> {
  const { rows } = await sql`
    insert into quiet_hours (user_id, from_minute, to_minute, time_zone)
    select id, ${fromMinute}::int, ${toMinute}::int, ${timeZone}::text
    from users where id = ${userId} and is_active is not false for no key update
    on conflict (user_id) do update set from_minute = excluded.from_minute, to_minute = excluded.to_minute, time_zone = excluded.time_zone
    returning user_id`.execute(db)
  return rows.length > 0
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
