import fastifyRateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor, type RateLimitOptions } from '@fastify/rate-limit'
import { Refusal, type LimitCounter } from '@viatra-chat/chat'
import { bounds, type OperationName, type UserId } from '@viatra-chat/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from './authenticate.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Counts a call of this route once, however often it is asked to; refuses it when the budget is used up. */
    countCall?: CountCall
  }
}

export type CountCall = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Lets routes limit calls per person, on the budgets that the gateway counts on as well. */
export async function limitCalls(app: FastifyInstance, limits: LimitCounter): Promise<void> {
  await app.register(fastifyRateLimit, {
    global: false,
    keyGenerator: (request) => actorOf(request).userId,
    timeWindow: bounds.limitWindowMs,
    store: sharedBudgets(limits),
    errorResponseBuilder: (_request, { ttl }) => tooManyRequests(Math.ceil(ttl / 1000)),
  })
}

/** @returns what counts a call of the operation; undefined when it has no limit. */
export function countCallsOf(app: FastifyInstance, limits: LimitCounter, operation: OperationName): CountCall | undefined {
  const max = limits.limitOf(operation)
  if (max === undefined) return undefined
  const options: RateLimitOptions & StoreOptions = { max, operation }
  const limit = app.rateLimit(options)
  return (request, reply) => limit.call(app, request, reply)
}

/**
 * For a call that failed before it was counted, as one whose body is no JSON: it counts like any other and its answer
 * says where the caller stands, but what it hears is its own failure.
 */
export async function countFailedCall(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { countCall } = request.routeOptions.config
  if (!request.actor || !countCall) return
  await countCall(request, reply).catch(() => void reply.removeHeader('retry-after'))
}

function tooManyRequests(seconds: number): Refusal {
  return new Refusal('RATE_LIMITED', { message: `Too many requests. Try again in ${seconds} s.`, retryAfterS: seconds })
}

/** How an operation's name travels through the plugin to its store. */
interface StoreOptions {
  operation?: OperationName
}

/** The plugin counts in a store; this one is the domain's counter, so that both transports share keys, windows and the way out when Redis is away. */
function sharedBudgets(limits: LimitCounter): FastifyRateLimitStoreCtor {
  return class SharedBudget implements FastifyRateLimitStore {
    readonly #operation: OperationName | undefined

    constructor(options: object) {
      const { operation }: StoreOptions = options
      this.#operation = operation
    }

    incr(key: string, callback: Parameters<FastifyRateLimitStore['incr']>[1]): void {
      if (!this.#operation) return callback(new Error('a call without a limit was counted'))
      limits.count(key as UserId, this.#operation).then(
        (state) =>
          callback(null, state && { current: state.allowed ? state.limit - state.remaining : state.limit + 1, ttl: state.resetMs }),
        (error: Error) => callback(error),
      )
    }

    child(options: object): FastifyRateLimitStore {
      return new SharedBudget(options)
    }
  }
}
