import type { UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { lastSeenKey, onlineKey } from './presence-keys.js'

export interface PresenceState {
  isOnline: boolean
  /** ISO 8601; null for somebody who was never seen. */
  lastSeen: string | null
}

/** One round trip, whatever the number of people. While Redis is away everybody counts as offline: presence is never worth a failure. */
export async function readPresence(redis: Redis, userIds: readonly UserId[]): Promise<Map<UserId, PresenceState>> {
  const people = [...new Set(userIds)]
  const values = await readValues(redis, people)
  return new Map(people.map((userId, i) => [userId, { isOnline: values[2 * i] != null, lastSeen: values[2 * i + 1] ?? null }]))
}

async function readValues(redis: Redis, userIds: readonly UserId[]): Promise<(string | null)[]> {
  if (userIds.length === 0) return []
  return redis.mget(userIds.flatMap((userId) => [onlineKey(userId), lastSeenKey(userId)])).catch(() => [])
}
