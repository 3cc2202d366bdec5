import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/**
 * Nothing of people who are deactivated: an erasure takes the time away before their connections end.
 * By id, so that two processes that write the same people never wait for each other in a circle. Times never go back.
 */
export async function upsertLastSeen(db: Kysely<Tables>, times: readonly (readonly [UserId, string])[]): Promise<void> {
  await sql`
    insert into last_seen (user_id, at)
    select u.id, gone.at
    from unnest(${times.map(([userId]) => userId)}::uuid[], ${times.map(([, at]) => at)}::timestamptz[]) as gone (id, at)
    join users u on u.id = gone.id and u.is_active is not false
    order by u.id
    on conflict (user_id) do update set at = excluded.at where excluded.at > last_seen.at`.execute(db)
}

export async function findLastSeen(db: Kysely<Tables>, userIds: readonly UserId[]): Promise<{ user_id: UserId; at: Date }[]> {
  const { rows } = await sql<{ user_id: UserId; at: Date }>`
    select user_id, at from last_seen where user_id = any(${[...userIds]}::uuid[])`.execute(db)
  return rows
}
