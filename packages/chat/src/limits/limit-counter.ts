import { bounds, operations, type Operation, type OperationName, type UserId } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'
import { gatherByTurn } from '../gather-by-turn.js'
import type { Measures } from '../measures/metrics.js'
import { redisScript } from '../redis-script.js'
import { Refusal } from '../refusal.js'
import { createLocalWindows, type Window } from './local-windows.js'

/** Where a person stands on the budget of one operation. */
export interface LimitState {
  /** Calls that the window admits. */
  limit: number
  remaining: number
  /** Milliseconds until the window ends. */
  resetMs: number
  /** Whether this call is within the budget; a refused one was not counted. */
  allowed: boolean
}

/**
 * One budget per person and operation, over all instances, transports and tokens: a fixed window of 60 s from the first call, in Redis.
 * While Redis is away each process counts for itself, so that a limit always holds.
 */
export interface LimitCounter {
  /** Counts a call; undefined for an operation without a limit. */
  count(userId: UserId, operation: OperationName): Promise<LimitState | undefined>
  /** Counts a call and refuses it with RATE_LIMITED when the budget is used up. */
  require(userId: UserId, operation: OperationName): Promise<void>
  /** Calls per window of an operation on this installation; undefined: no limit. */
  limitOf(operation: OperationName): number | undefined
}

// Counting and expiry are one step, so that a window can neither lose its end nor be counted past its limit. All calls of a turn of the
// event loop are one script. The answer is one list: pairs take Redis and this process a good deal longer.
const countInWindows = redisScript(`
local answer = {}
for i, key in ipairs(KEYS) do
  local used = redis.call('INCR', key)
  if used == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
  if used > tonumber(ARGV[i + 1]) then redis.call('DECR', key) end
  answer[2 * i - 1] = used
  answer[2 * i] = redis.call('PTTL', key)
end
return answer`)

export function createLimitCounter(redis: Redis, multiplier: number, measures: Measures): LimitCounter {
  const local = createLocalWindows()
  const countInRedis = gatherByTurn((calls: readonly CountedCall[]) => countAll(redis, calls))

  function limitOf(name: OperationName): number | undefined {
    const entry: Operation = operations[name]
    return entry.limitPerMinute === undefined ? undefined : Math.max(1, Math.floor(entry.limitPerMinute * multiplier))
  }

  // By hand: what every call waits for makes no promise that it can do without.
  function count(userId: UserId, name: OperationName): Promise<LimitState | undefined> {
    const limit = limitOf(name)
    if (limit === undefined) return Promise.resolve(undefined)
    const call = { key: `chat:limit:${name}:${userId}`, limit }
    const toState = ([used, resetMs]: Window) => {
      if (used > limit) measures.rateLimited(1, { operation: name })
      return { limit, remaining: Math.max(0, limit - used), resetMs: Math.max(1, resetMs), allowed: used <= limit }
    }
    return countInRedis(call).then(toState, () => toState(countLocally(call)))
  }

  function countLocally({ key, limit }: CountedCall): Window {
    measures.limitsCountedLocally(1)
    return local.count(key, limit)
  }

  async function require(userId: UserId, name: OperationName): Promise<void> {
    const state = await count(userId, name)
    if (!state || state.allowed) return
    const seconds = Math.ceil(state.resetMs / 1000)
    throw new Refusal('RATE_LIMITED', { message: `Too many requests. Try again in ${seconds} s.`, retryAfterS: seconds })
  }

  return { count, require, limitOf }
}

interface CountedCall {
  key: string
  limit: number
}

async function countAll(redis: Redis, calls: readonly CountedCall[]): Promise<Window[]> {
  const keys = calls.map(({ key }) => key)
  const answer = (await countInWindows(redis, keys, [bounds.limitWindowMs, ...calls.map(({ limit }) => limit)])) as number[]
  return calls.map((_, i) => [answer[2 * i] ?? 0, answer[2 * i + 1] ?? 0])
}
