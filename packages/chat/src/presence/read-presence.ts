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
  chat: Pick<Chat, 'db' | 'redis' | 'log'>,
  userIds: readonly UserId[],
): Promise<Map<UserId, PresenceState>> {
  const people = [...new Set(userIds)]
  const presence = toPresence(people, await readValues(chat.redis, people))
  const unseen = people.filter((userId) => isUnseen(presence.get(userId)))
  for (const [userId, lastSeen] of await recallLastSeen(chat, unseen)) presence.set(userId, { isOnline: false, lastSeen })
  return presence
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

const toPresence = (people: readonly UserId[], values: readonly (string | null)[]): Map<UserId, PresenceState> =>
  new Map(people.map((userId, i) => [userId, { isOnline: values[2 * i] != null, lastSeen: values[2 * i + 1] ?? null }]))

const isUnseen = (state: PresenceState | undefined) => state?.isOnline === false && state.lastSeen === null
