import { Emitter } from '@socket.io/redis-emitter'
import type { Redis } from 'ioredis'
import type { Log } from '../chat.js'
import { participantsRemovedSignal, type EventPublisher } from './publisher.js'
import { participantsRoom, userRoom } from './rooms.js'

/** Publishes through the Socket.IO Redis emitter to the adapter of every gateway. */
export function createEmitterPublisher(publisher: Redis, log: Log): EventPublisher {
  const emitter = new Emitter(dropWhileAway(publisher, log))
  return {
    publish(event, payload, { rooms, except = [] }) {
      if (rooms.length > 0)
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

// An event is a hint: while Redis is away it is dropped and clients heal by seq and sync. Queued, it would arrive late and in a flood.
function dropWhileAway(publisher: Redis, log: Log): { publish(channel: string, message: Buffer | string): void } {
  let away = false
  const lost = (error?: unknown) => {
    if (!away) log.warn({ err: error }, 'events are dropped: Redis is away')
    away = true
  }
  return {
    publish(channel, message) {
      if (publisher.status !== 'ready') return lost()
      publisher.publish(channel, message).then(() => (away = false), lost)
    },
  }
}
