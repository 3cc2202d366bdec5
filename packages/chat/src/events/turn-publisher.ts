import type { Redis } from 'ioredis'
import type { Log } from '../chat.js'
import { gatherByTurn } from '../gather-by-turn.js'
import type { Measures } from '../measures/metrics.js'
import { batchChannel, writeBatch, type ChannelMessage } from './event-batch.js'
import { newMessageMark } from './new-message.js'

/** Publishes a message; rejects when Redis did not take it. */
export type Publish<T = string> = (channel: string, message: T) => Promise<void>

/** Publishes messages in their order; rejects when Redis did not take one of them. */
export type PublishAll = (messages: readonly ChannelMessage[]) => Promise<unknown>

/**
 * Publishes what is said within one turn of the event loop as one message to Redis, in its order: under load that is a fraction of the
 * commands and system calls, here, in Redis and at every gateway. What is alone in its turn goes as it is, unless it is a new message, which
 * no channel of Socket.IO's would understand.
 */
export function publishByTurns(publish: Publish): PublishAll {
  return gatherByTurn(async (said: readonly (readonly ChannelMessage[])[]) => {
    const messages = said.flat()
    const [first] = messages
    if (first && messages.length === 1 && first[0] !== newMessageMark) await publish(...first)
    else await publish(batchChannel, writeBatch(messages))
    return said.map(() => undefined)
  })
}

/** Not queued while Redis is away: what matters waits in the outbox, and typing or presence that comes late is worse than none. */
export function publishFailingFast(
  publisher: Redis,
  log: Log,
  measures: Measures,
  command: 'publish' | 'spublish' = 'publish',
): Publish<string | Buffer> {
  let isAway = false
  const noteAway = (error: unknown) => {
    if (!isAway) log.warn({ err: error }, 'events wait: Redis is away')
    isAway = true
  }
  return async (channel, message) => {
    try {
      if (publisher.status !== 'ready') throw new Error('Redis is away')
      await publisher[command](channel, message)
      isAway = false
    } catch (error) {
      noteAway(error)
      measures.publishFailures(1)
      throw error
    }
  }
}
