import type { UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { connectionsKey, gatewaysKey, lastSeenKey, onlineKey, peopleKey } from './presence-keys.js'

/*
 * Who is online, as leases: a gateway holds one lease for every person connected to it and keeps all of them by one heartbeat.
 *
 *   offline ──first gateway takes a lease──► online ──last lease is gone──► offline
 *
 * The key presence:online:{id} is the announced state: the step that makes it announces user_online, the step that deletes it
 * user_offline, and both steps are atomic. Whatever is missing, be it a lost command or an emptied Redis, is put right by the next heartbeat.
 */

/** A gateway that has not sent a heartbeat for this long counts as dead. */
export const gatewayLeaseMs = 15_000
const onlineTtlS = 300
// A dead installation's people are looked after by whichever gateway starts next, within this time.
const peopleTtlS = 7 * 86_400
/** People per script: keeps one script well under a millisecond. */
export const leaseBatchMax = 100

const nowMs = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

// Whoever holds a lease must be known as a gateway, or nobody would end the lease for it.
const takeScript = `
${nowMs}
redis.call('ZADD', KEYS[1], 'NX', now + ARGV[3], ARGV[1])
local came = {}
for i = 1, #ARGV - 3 do
  local connections, online = KEYS[2 * i + 1], KEYS[2 * i + 2]
  redis.call('HSET', connections, ARGV[1], '1')
  redis.call('EXPIRE', connections, ARGV[2])
  redis.call('SADD', KEYS[2], ARGV[i + 3])
  if not redis.call('SET', online, '1', 'EX', ARGV[2], 'GET') then came[#came + 1] = i - 1 end
end
return came`

// A lease of a gateway that nobody knows any more keeps nobody online.
const endScript = `
${nowMs}
local ends = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
if ARGV[3] == 'dead' and ends > now then return false end
local went = {}
for i = 1, #ARGV - 3 do
  local connections, online, lastSeen = KEYS[3 * i], KEYS[3 * i + 1], KEYS[3 * i + 2]
  redis.call('SREM', KEYS[2], ARGV[i + 3])
  redis.call('HDEL', connections, ARGV[1])
  for _, gateway in ipairs(redis.call('HKEYS', connections)) do
    if not redis.call('ZSCORE', KEYS[1], gateway) then redis.call('HDEL', connections, gateway) end
  end
  if redis.call('EXISTS', connections) == 0 then
    redis.call('SET', lastSeen, ARGV[2])
    if redis.call('DEL', online) == 1 then went[#went + 1] = i - 1 end
  end
end
return went`

const beatScript = `
${nowMs}
local ends = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return {ends > now and 1 or 0, redis.call('SCARD', KEYS[2])}`

const leaveScript = `
${nowMs}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`

const deadScript = `
${nowMs}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES')`

const forgetScript = `
${nowMs}
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0') <= now then redis.call('ZREM', KEYS[1], ARGV[1]) end`

/** Takes or refreshes leases of at most {@link leaseBatchMax} people; those who came online by it. */
export async function takeLeases(redis: Redis, gatewayId: string, userIds: readonly UserId[]): Promise<UserId[]> {
  const keys = [gatewaysKey, peopleKey(gatewayId), ...userIds.flatMap((userId) => [connectionsKey(userId), onlineKey(userId)])]
  const came = await redis.eval(takeScript, keys.length, ...keys, gatewayId, onlineTtlS, gatewayLeaseMs, ...userIds)
  return pick(userIds, came)
}

/**
 * Ends leases of at most {@link leaseBatchMax} people; those who went offline by it.
 * With `ifDead` nothing happens to a gateway that has come back to life: undefined.
 */
export async function endLeases(
  redis: Redis,
  gatewayId: string,
  userIds: readonly UserId[],
  options: { lastSeen: string; ifDead?: boolean },
): Promise<UserId[] | undefined> {
  const ofPeople = userIds.flatMap((userId) => [connectionsKey(userId), onlineKey(userId), lastSeenKey(userId)])
  const keys = [gatewaysKey, peopleKey(gatewayId), ...ofPeople]
  const went = await redis.eval(endScript, keys.length, ...keys, gatewayId, options.lastSeen, options.ifDead ? 'dead' : 'own', ...userIds)
  return went === null ? undefined : pick(userIds, went)
}

/** Sends a heartbeat. `kept`: the leases never lapsed. `people`: how many of them Redis knows. */
export async function beatGateway(redis: Redis, gatewayId: string): Promise<{ kept: boolean; people: number }> {
  const reply = await redis.eval(beatScript, 2, gatewaysKey, peopleKey(gatewayId), gatewayId, gatewayLeaseMs, peopleTtlS)
  const [kept, people] = reply as [number, number]
  return { kept: kept === 1, people }
}

/**
 * The gateway stops: its leases end after the grace by the hand of another gateway, so that people who reconnect
 * elsewhere meanwhile never look offline.
 */
export async function leaveGateways(redis: Redis, gatewayId: string, graceMs: number): Promise<void> {
  await redis.eval(leaveScript, 1, gatewaysKey, gatewayId, graceMs)
}

/** Ids of the people whom Redis takes for connected to a gateway. */
export async function listLeased(redis: Redis, gatewayId: string): Promise<UserId[]> {
  return (await redis.smembers(peopleKey(gatewayId))) as UserId[]
}

/** At most {@link leaseBatchMax} of them. */
export async function listSomeLeased(redis: Redis, gatewayId: string): Promise<UserId[]> {
  return (await redis.srandmember(peopleKey(gatewayId), leaseBatchMax)) as UserId[]
}

export interface DeadGateway {
  gatewayId: string
  endedAt: Date
}

export async function listDeadGateways(redis: Redis): Promise<DeadGateway[]> {
  const reply = (await redis.eval(deadScript, 1, gatewaysKey)) as string[]
  return reply.flatMap((gatewayId, i) => (i % 2 === 0 ? [{ gatewayId, endedAt: new Date(Number(reply[i + 1])) }] : []))
}

/** Forgets a dead gateway that has no people left. */
export async function forgetGateway(redis: Redis, gatewayId: string): Promise<void> {
  await redis.eval(forgetScript, 1, gatewaysKey, gatewayId)
}

function pick(userIds: readonly UserId[], indexes: unknown): UserId[] {
  const chosen = new Set(indexes as number[])
  return userIds.filter((_, i) => chosen.has(i))
}
