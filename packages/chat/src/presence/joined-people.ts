import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { gatewaysKey, joinedKey } from './presence-keys.js'

/** Somebody who has joined a conversation on some gateway. */
export interface JoinedPerson {
  conversationId: ConversationId
  userId: UserId
}

// Outlives the lease of its gateway, which decides whether it counts.
const joinedTtlS = 120
const chunkSize = 500

const memberOf = ({ conversationId, userId }: JoinedPerson) => `${conversationId} ${userId}`

/** Notes that people joined or left conversations on a gateway. */
export async function noteJoined(
  redis: Redis,
  gatewayId: string,
  changes: { joined: readonly JoinedPerson[]; left: readonly JoinedPerson[] },
) {
  const key = joinedKey(gatewayId)
  const pipeline = redis.pipeline()
  if (changes.left.length > 0) pipeline.srem(key, ...changes.left.map(memberOf))
  if (changes.joined.length > 0) pipeline.sadd(key, ...changes.joined.map(memberOf))
  await pipeline.expire(key, joinedTtlS).exec()
}

/** Keeps what a gateway noted, and gives how much Redis knows of it. */
export async function countJoined(redis: Redis, gatewayId: string): Promise<number> {
  const key = joinedKey(gatewayId)
  await redis.expire(key, joinedTtlS)
  return redis.scard(key)
}

/** Replaces all that was noted of a gateway. */
export async function replaceJoined(redis: Redis, gatewayId: string, people: readonly JoinedPerson[]): Promise<void> {
  await redis.del(joinedKey(gatewayId))
  for (let i = 0; i < people.length; i += chunkSize)
    await noteJoined(redis, gatewayId, { joined: people.slice(i, i + chunkSize), left: [] })
}

export async function forgetJoined(redis: Redis, gatewayId: string): Promise<void> {
  await redis.del(joinedKey(gatewayId))
}

/** Which of these people have joined, on any gateway that is alive: for each whether they have. Rejects while Redis is away. */
export async function areJoined(redis: Redis, people: readonly JoinedPerson[]): Promise<boolean[]> {
  const joined = people.map(() => false)
  for (const gatewayId of people.length > 0 ? await listLivingGateways(redis) : [])
    for (let i = 0; i < people.length; i += chunkSize) {
      const flags = await redis.smismember(joinedKey(gatewayId), ...people.slice(i, i + chunkSize).map(memberOf))
      flags.forEach((flag, n) => (joined[i + n] ||= flag === 1))
    }
  return joined
}

/** By Redis' clock, as all leases. */
async function listLivingGateways(redis: Redis): Promise<string[]> {
  const [seconds, microseconds] = await redis.time()
  return redis.zrangebyscore(gatewaysKey, `(${Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)}`, '+inf')
}
