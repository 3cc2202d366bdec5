import { Emitter } from '@socket.io/redis-emitter'
import type { Redis } from 'ioredis'
import type { Log } from '../chat.js'
import type { Measures } from '../measures/metrics.js'
import { participantsRemovedSignal, type ConfirmingPublisher, type EventPublisher } from './publisher.js'
import { participantsRoom, userRoom } from './rooms.js'

type Publish = (channel: string, message: Buffer | string) => Promise<void>

/** Publishes through the Socket.IO Redis emitter to the adapter of every gateway. */
export function createEmitterPublisher(publisher: Redis, log: Log, measures: Measures): EventPublisher {
  const publish = failingFast(publisher, log, measures)
  return through(
    (channel, message) => void publish(channel, message).catch(() => undefined),
    () => confirming(publish, measures),
    measures,
  )
}

function confirming(publish: Publish, measures: Measures): ConfirmingPublisher {
  const outcomes: Promise<void>[] = []
  const events = through(
    (channel, message) => {
      const outcome = publish(channel, message)
      // Looked at in confirmed(), which may come later than the failure.
      outcome.catch(() => undefined)
      outcomes.push(outcome)
    },
    () => confirming(publish, measures),
    measures,
  )
  return { ...events, confirmed: async () => void (await Promise.all(outcomes)) }
}

function through(
  publish: (channel: string, message: Buffer | string) => void,
  confirming: () => ConfirmingPublisher,
  measures: Measures,
): EventPublisher {
  const emitter = new Emitter({ publish })
  return {
    confirming,
    publish(event, payload, { rooms, except = [] }) {
      if (rooms.length === 0) return
      measures.eventsPublished(1, { event })
      emitter
        .to([...rooms])
        .except([...except])
        .emit(event, payload)
    },
    participantsAdded({ conversationId, userIds }) {
      if (userIds.length > 0) emitter.in(userIds.map(userRoom)).socketsJoin(participantsRoom(conversationId))
    },
    participantsRemoved(change) {
      emitter.serverSideEmit(participantsRemovedSignal, change)
    },
  }
}

// Not queued while Redis is away: what matters waits in the outbox, and typing or presence that comes late is worse than none.
function failingFast(publisher: Redis, log: Log, measures: Measures): Publish {
  let isAway = false
  const noteAway = (error: unknown) => {
    if (!isAway) log.warn({ err: error }, 'events wait: Redis is away')
    isAway = true
  }
  return async (channel, message) => {
    try {
      if (publisher.status !== 'ready') throw new Error('Redis is away')
      await publisher.publish(channel, message)
      isAway = false
    } catch (error) {
      noteAway(error)
      measures.publishFailures(1)
      throw error
    }
  }
}
