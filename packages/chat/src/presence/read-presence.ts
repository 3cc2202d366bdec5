import type { UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import type { Chat } from '../chat.js'
import { lastSeenKey, onlineKey } from './presence-keys.js'
import { recallLastSeen } from './recall-last-seen.js'

export interface PresenceState {
  isOnline: boolean
  /** ISO 8601; null for somebody who was never seen. */
  lastSeen: string | null
}

/**
 * One round trip to Redis, whatever the number of people, and one query when it does not know when somebody was last seen.
 * While Redis is away everybody counts as offline: presence is never worth a failure.
 */
export async function readPresence(
  chat: Pick<Chat, 'db' | 'redis' | 'settings' | 'log'>,
  userIds: readonly UserId[],
): Promise<Map<UserId, PresenceState>> {
  const people = [...new Set(userIds)]
  const values = await readValues(chat.redis, people)
  const [online, lastSeen] = [(i: number) => values[2 * i] != null, (i: number) => values[2 * i + 1]]
  const forgotten = people.filter((_, i) => !online(i) && lastSeen(i) == null)
  const recalled = await recallLastSeen(chat, forgotten)
  // Empty: known to be none.
  return new Map(people.map((id, i) => [id, { isOnline: online(i), lastSeen: lastSeen(i) || (recalled.get(id) ?? null) }]))
}

/** Whether somebody counts as online; nobody does while Redis is away. */
export async function isOnline(redis: Redis, userId: UserId): Promise<boolean> {
  const [online] = await readValues(redis, [userId])
  return online != null
}

async function readValues(redis: Redis, userIds: readonly UserId[]): Promise<(string | null)[]> {
  if (userIds.length === 0) return []
  return redis.mget(userIds.flatMap((userId) => [onlineKey(userId), lastSeenKey(userId)])).catch(() => [])
}
