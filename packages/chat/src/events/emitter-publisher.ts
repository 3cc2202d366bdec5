import type { Message, UserId } from '@viatra-chat/contract'
import { Emitter } from '@socket.io/redis-emitter'
import type { Redis } from 'ioredis'
import type { Log } from '../chat.js'
import type { Measures } from '../measures/metrics.js'
import { connectionsEndedSignal, participantsRemovedSignal, type ConfirmingPublisher, type EventPublisher } from './publisher.js'
import type { ChannelMessage } from './event-batch.js'
import { frameParser } from './event-frame.js'
import { newMessageMark, writeNewMessage } from './new-message.js'
import { conversationRoom, participantsRoom, userRoom } from './rooms.js'
import { toSharded } from './sharded-messages.js'
import { publishByTurns, publishFailingFast, type Publish, type PublishAll } from './turn-publisher.js'

/**
 * How events go through Redis: `batched`, all of one turn of the event loop as one message, for the classic adapter; `sharded`, each on the
 * channel of its room, for the sharded adapter; `plain`, as processes before batches understand it.
 */
export type EventForm = 'batched' | 'sharded' | 'plain'

/** Publishes through the Socket.IO Redis emitter to the adapter of every gateway. */
export function createEmitterPublisher(publisher: Redis, form: EventForm, log: Log, measures: Measures): EventPublisher {
  const publish = publishAs(form, publisher, log, measures)
  const ignore = (outcome: Promise<unknown>) => void outcome.catch(() => undefined)
  const canPublish = () => publisher.status === 'ready'
  const emit = (say: Say) => ({ ...through(say, form, measures), canPublish })
  return {
    ...emit((messages) => ignore(publish(messages))),
    alongside: ignore,
    confirming: () => confirming(publish, emit),
  }
}

function publishAs(form: EventForm, publisher: Redis, log: Log, measures: Measures): PublishAll {
  switch (form) {
    case 'batched':
      return publishByTurns(publishFailingFast(publisher, log, measures))
    case 'sharded': {
      const publish = publishFailingFast(publisher, log, measures, 'spublish')
      return oneByOne((channel, message) => publish(...toSharded(channel, message)))
    }
    case 'plain':
      return oneByOne(publishFailingFast(publisher, log, measures))
    default:
      return form satisfies never
  }
}

const oneByOne =
  (publish: Publish): PublishAll =>
  (messages) =>
    Promise.all(messages.map((message) => publish(...message)))

type Say = (messages: readonly ChannelMessage[]) => void

function confirming(publish: PublishAll, emit: (say: Say) => Emitting): ConfirmingPublisher {
  const outcomes = new Set<Promise<unknown>>()
  function alongside(outcome: Promise<unknown>): void {
    // Looked at in confirmed(), which may come later than the failure.
    outcome.catch(() => undefined)
    outcomes.add(outcome)
  }
  return {
    ...emit((messages) => alongside(publish(messages))),
    alongside,
    confirming: () => confirming(publish, emit),
    confirmed: async () => void (await Promise.all(outcomes)),
  }
}

type Emitting = Omit<EventPublisher, 'alongside' | 'confirming'>

function through(publish: Say, form: EventForm, measures: Measures): Omit<Emitting, 'canPublish'> {
  const emitter = new Emitter(
    { publish: (channel: string, message: string) => publish([[channel, message]]) },
    form === 'plain' ? {} : { parser: frameParser },
  )
  const emit: EventPublisher['publish'] = (event, payload, { rooms, except = [] }) => {
    if (rooms.length === 0) return
    measures.eventsPublished(1, { event })
    emitter
      .to([...rooms])
      .except([...except])
      .emit(event, payload)
  }
  return {
    publish: emit,
    messagesSent(messages, butNot = []) {
      if (form !== 'batched') return messages.forEach(({ message }) => tellTwice(emit, message, butNot))
      measures.eventsPublished(messages.length, { event: 'new_message' })
      measures.eventsPublished(messages.length, { event: 'conversation_activity' })
      publish(messages.map((message) => [newMessageMark, writeNewMessage(message, butNot)]))
    },
    participantsAdded({ conversationId, userIds }) {
      if (userIds.length > 0) emitter.in(userIds.map(userRoom)).socketsJoin(participantsRoom(conversationId))
    },
    participantsRemoved(change) {
      emitter.serverSideEmit(participantsRemovedSignal, change)
    },
    connectionsEnded(connectionIds) {
      emitter.serverSideEmit(connectionsEndedSignal, connectionIds)
    },
  }
}

/** As two events, where a channel of Socket.IO's is all there is. */
function tellTwice(emit: EventPublisher['publish'], message: Message, butNot: readonly UserId[]): void {
  const { conversation_id: conversationId, created_at } = message
  emit('new_message', message, { rooms: [conversationRoom(conversationId)] })
  emit(
    'conversation_activity',
    { conversationId, last_message: message, last_message_at: created_at },
    { rooms: [participantsRoom(conversationId)], except: [conversationRoom(conversationId), ...butNot.map(userRoom)] },
  )
}
