import { bounds, type OperationInput, type UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Transaction } from 'kysely'

/**
 * A token belongs to one person at a time, and a device has one token: both earlier owners of it and earlier tokens of the device go.
 * Gives whether the person is active, as of the lock on their row.
 */
export async function upsertDevice(tx: Transaction<Tables>, userId: UserId, device: OperationInput<'register_device'>): Promise<boolean> {
  const { fcm_token: token, device_id = null, platform = null } = device
  await sql`
    insert into devices (fcm_token, user_id, device_id, platform) values (${token}, ${userId}, ${device_id}, ${platform})
    on conflict (fcm_token) do update set user_id = excluded.user_id, updated_at = now(),
      device_id = coalesce(excluded.device_id, case when devices.user_id = excluded.user_id then devices.device_id end),
      platform = coalesce(excluded.platform, devices.platform)`.execute(tx)
  if (device_id !== null)
    await tx
      .deleteFrom('devices')
      .where('user_id', '=', userId)
      .where('device_id', '=', device_id)
      .where('fcm_token', '!=', token)
      .execute()
  await forgetOldest(tx, userId)
  return moveGuideColumn(tx, userId, token)
}

/** Apps that never forget a token leave old ones behind: the newest are kept. */
async function forgetOldest(tx: Transaction<Tables>, userId: UserId): Promise<void> {
  await sql`
    delete from devices where fcm_token in (
      select fcm_token from devices where user_id = ${userId} order by updated_at desc, fcm_token offset ${bounds.devicesPerPersonMax}
    )`.execute(tx)
}

export async function deleteDevice(tx: Transaction<Tables>, userId: UserId, token: string): Promise<void> {
  await tx.deleteFrom('devices').where('fcm_token', '=', token).where('user_id', '=', userId).execute()
  await sql`
    update users set fcm_token = (select fcm_token from devices where user_id = ${userId} order by updated_at desc limit 1)
    where id = ${userId} and fcm_token = ${token}`.execute(tx)
}

/** `users.fcm_token` keeps its meaning: the newest token of the person, and of nobody else. */
async function moveGuideColumn(tx: Transaction<Tables>, userId: UserId, token: string): Promise<boolean> {
  const { rows } = await sql<{ id: string; is_active: boolean | null }>`
    update users set fcm_token = case when id = ${userId} then ${token} end
    where id in (select id from users where id = ${userId} or fcm_token = ${token} order by id for no key update)
    returning id, is_active`.execute(tx)
  return rows.some((row) => row.id === userId && row.is_active !== false)
}
