import type { UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import type { Chat } from '../chat.js'
import { findLastSeen } from './last-seen.sql.js'
import { lastSeenKey } from './presence-keys.js'

/** When people were last seen of whom Redis has no time, ISO 8601; those who never were are left out. One query, and never a failure. */
export async function recallLastSeen(
  { db, redis, settings, log }: Pick<Chat, 'db' | 'redis' | 'settings' | 'log'>,
  userIds: readonly UserId[],
): Promise<Map<UserId, string>> {
  if (userIds.length === 0) return new Map()
  try {
    const rows = await findLastSeen(db, userIds)
    const times = new Map(rows.map((row) => [row.user_id, row.at.toISOString()]))
    restore(redis, times)
    // The version before would show it.
    if (!settings.isReadByPrevious)
      noteUnseen(
        redis,
        userIds.filter((userId) => !times.has(userId)),
      )
    return times
  } catch (error) {
    log.warn({ err: error }, 'when people were last seen could not be read')
    return new Map()
  }
}

// Only where there is none, here and below: somebody may have gone offline meanwhile, with a newer time.
function restore(redis: Redis, times: ReadonlyMap<UserId, string>): void {
  if (times.size === 0 || redis.status !== 'ready') return
  const pipeline = redis.pipeline()
  for (const [userId, at] of times) pipeline.set(lastSeenKey(userId), at, 'NX')
  pipeline.exec().catch(() => undefined)
}

const unseenForS = 60

function noteUnseen(redis: Redis, userIds: readonly UserId[]): void {
  if (userIds.length === 0 || redis.status !== 'ready') return
  const pipeline = redis.pipeline()
  for (const userId of userIds) pipeline.set(lastSeenKey(userId), '', 'EX', unseenForS, 'NX')
  pipeline.exec().catch(() => undefined)
}
