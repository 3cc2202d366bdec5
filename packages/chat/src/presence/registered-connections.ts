import type { UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { redisScript } from '../redis-script.js'
import { gatewayLeaseMs } from './gateway-leases.js'
import { gatewaysKey, socketsKey } from './presence-keys.js'

/** What became of a connection on a gateway. `forget` takes away all that this gateway said of a person, so that it can be said anew. */
export type ConnectionChange =
  | { kind: 'add'; userId: UserId; connectionId: string; openedAtMs: number }
  | { kind: 'remove'; userId: UserId; connectionId: string }
  | { kind: 'forget'; userId: UserId }

/** Each gateway says its connections anew within this time. */
const ttlS = 300
/** Changes in a script: keeps one well under a millisecond. */
export const connectionChangesMax = 100

// What a gateway that died has left counts only while there is room, and is cleared away when there is none.
const changeScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local own = ARGV[1] .. ' '
redis.call('ZADD', KEYS[1], 'NX', now + ARGV[2], ARGV[1])
local ended = {}
for i = 2, #KEYS do
  local key, at = KEYS[i], 3 * i - 1
  local kind, id, openedAt = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if kind == 'remove' then redis.call('ZREM', key, own .. id)
  elseif kind == 'forget' then
    for _, each in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      if string.sub(each, 1, #own) == own then redis.call('ZREM', key, each) end
    end
  else
    redis.call('ZADD', key, openedAt, own .. id)
    redis.call('EXPIRE', key, ARGV[4])
    if redis.call('ZCARD', key) > tonumber(ARGV[3]) then
      for _, each in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        local ends = redis.call('ZSCORE', KEYS[1], string.match(each, '^%S+'))
        if not ends or tonumber(ends) <= now then redis.call('ZREM', key, each) end
      end
      local excess = redis.call('ZCARD', key) - tonumber(ARGV[3])
      if excess > 0 then
        for _, each in ipairs(redis.call('ZRANGE', key, 0, excess - 1)) do
          redis.call('ZREM', key, each)
          ended[#ended + 1] = string.match(each, '%S+$')
        end
      end
    end
  end
end
return ended`)

/**
 * Counts connections of people over all gateways: at most {@link connectionChangesMax} changes of one gateway, in their order. Of each person the newest
 * `connectionsMax` stay; gives the ids of the others, which count no more and are to be ended, on whichever gateway they are. Rejects while
 * Redis is away.
 */
export async function changeConnections(
  redis: Redis,
  { gatewayId, connectionsMax }: { gatewayId: string; connectionsMax: number },
  changes: readonly ConnectionChange[],
): Promise<string[]> {
  const keys = [gatewaysKey, ...changes.map(({ userId }) => socketsKey(userId))]
  const told = changes.flatMap((change) => [
    change.kind,
    change.kind === 'forget' ? '' : change.connectionId,
    change.kind === 'add' ? change.openedAtMs : '',
  ])
  return (await changeScript(redis, keys, [gatewayId, gatewayLeaseMs, connectionsMax, ttlS, ...told])) as string[]
}
