import { createShardedAdapter, RedisAdapter } from '@socket.io/redis-adapter'
import { batchChannel, newMessageMark, readBatch, readNewMessage, type EventForm, type Log } from '@viatra-chat/chat'
import type { Redis } from 'ioredis'
import { guardWith, type Guard, type Listener } from './guard.js'
import { readHeardEvent, type HeardEvent } from './heard-event.js'
import { isHeardBy, type Rooms } from './is-heard-by.js'
import { requireKnownRequest, requireKnownShardedMessage } from './known-requests.js'

export type { HeardEvent } from './heard-event.js'

/** What the gateway says and learns about what is heard. */
export interface Hearing {
  /** While it is false events are dropped and signals alone are heard: the rooms may be wrong. */
  isTrusted(): boolean
  /** An event was let in and goes to its rooms. */
  onEvent(event: HeardEvent): void
  /** Sockets are being put into rooms by another process. */
  onAddition(): void
}

export interface GuardedAdapterOptions {
  publisher: Redis
  subscriber: Redis
  form: EventForm
}

/** Makes the adapter of a namespace; `subscribed` resolves once the gateway hears what is published. */
export interface GuardedAdapter {
  create: (namespace: unknown) => RedisAdapter | ShardedAdapter
  subscribed: Promise<unknown>
}

/**
 * A Socket.IO Redis adapter, made safe against what arrives on its channels: the stock ones throw on a malformed message, in a place
 * where nobody catches, and so one bad PUBLISH would end every gateway at once. Only what this product publishes is let in:
 * known events, moving and disconnecting sockets, and the removal signal. Everything else is dropped with a line in the log.
 */
export function createGuardedAdapter(
  { publisher, subscriber, form }: GuardedAdapterOptions,
  log: Log,
  some: Partial<Hearing> = {},
): GuardedAdapter {
  const subscriptions: Promise<unknown>[] = []
  const hearing: Hearing = { isTrusted: () => true, onAddition: () => undefined, onEvent: () => undefined, ...some }
  const create = form === 'sharded' ? createSharded : createClassic
  const guard = guardWith(log)
  // Socket.IO calls it with `new`, which an arrow function would refuse.
  function createGuarded(namespace: unknown): RedisAdapter | ShardedAdapter {
    return create({ namespace, publisher, subscriber, guard, subscriptions, hearing })
  }
  return {
    create: createGuarded,
    get subscribed() {
      return Promise.all(subscriptions)
    },
  }
}

interface Parts {
  namespace: unknown
  publisher: Redis
  subscriber: Redis
  guard: Guard
  subscriptions: Promise<unknown>[]
  hearing: Hearing
}

function createClassic({ namespace, publisher, hearing, ...parts }: Parts): RedisAdapter {
  const rooms = () => adapter.rooms
  const adapter = new RedisAdapter(namespace, publisher, guardSubscriber({ ...parts, hearing, rooms }))
  return Object.assign(adapter, { parser: guardParser(adapter.parser, hearing.onEvent) })
}

interface SubscriberParts extends Omit<Parts, 'namespace' | 'publisher'> {
  rooms(): Rooms
}

/** What the classic adapter uses of a subscriber. Requests, which it would take as they come, are checked before it sees them. */
function guardSubscriber({ subscriber, guard, subscriptions, hearing, rooms }: SubscriberParts) {
  const known = new Map<Listener, Listener>()
  const heard: { events?: Listener; requests?: Listener } = {}
  const openMessage = guard((line) => {
    const heardMessage = readNewMessage(String(line))
    if (!heardMessage) throw new Error('not a message of ours')
    const { message, activity } = heardMessage
    if (isHeardBy(rooms(), message.rooms)) hear(message)
    if (isHeardBy(rooms(), heardMessage.listScreens, message.rooms)) hear(activity())
  })
  const hear = (event: HeardEvent) => heard.events?.(undefined, everyRoom, event)
  const openBatch = guard((message) => {
    for (const [channel, text] of readBatch(String(message))) {
      if (channel === newMessageMark) openMessage(text)
      else if (channel.startsWith('socket.io#')) heard.events?.(undefined, channel, text)
      else heard.requests?.(channel, Buffer.from(text))
    }
  })
  function wrap(event: string, listener: Listener): Listener {
    if (event === 'pmessageBuffer') return (heard.events = guard((...args) => hearing.isTrusted() && listener(...args)))
    if (event !== 'messageBuffer') return guard(listener)
    const onRequest = guard((channel, message) => listener(channel, requireKnownRequest(channel, message, hearing.onAddition)))
    heard.requests = onRequest
    return (channel, message) => (isBatch(channel) ? openBatch(message) : onRequest(channel, message))
  }
  return {
    psubscribe: (pattern: string) => void subscriptions.push(subscriber.psubscribe(pattern), subscriber.subscribe(batchChannel)),
    subscribe: (channels: string[]) => void subscriptions.push(subscriber.subscribe(...channels)),
    punsubscribe: (pattern: string) => {
      void subscriber.punsubscribe(pattern)
      void subscriber.unsubscribe(batchChannel)
    },
    unsubscribe: (channels: string[]) => void subscriber.unsubscribe(...channels),
    on(event: string, listener: Listener) {
      const wrapped = wrap(event, listener)
      known.set(listener, wrapped)
      subscriber.on(event, wrapped)
    },
    off(event: string, listener: Listener) {
      subscriber.off(event, known.get(listener) ?? listener)
      known.delete(listener)
    },
  }
}

/** Where the adapter hears events without a look at which rooms they are for. */
const everyRoom = 'socket.io#/#'
const batchChannelBytes = Buffer.from(batchChannel)
const isBatch = (channel: unknown) => Buffer.isBuffer(channel) && channel.equals(batchChannelBytes)

interface Parser {
  encode(message: unknown): unknown
  decode(message: unknown): unknown
}

/** Lets only well-formed events of the contract through, as frames or as the stock parser writes them; throws, into the guard, for everything else. */
function guardParser(parser: Parser, onEvent: Hearing['onEvent']): Parser {
  return {
    encode: (message) => parser.encode(message),
    decode(bytes) {
      const event = readHeardEvent(bytes, (message) => parser.decode(message))
      onEvent(event)
      const { rooms, except, packet } = event
      return ['emitter', packetOf(packet), { rooms, except }]
    },
  }
}

/** What the adapter broadcasts; see `packet-encoder.ts`. */
const packetOf = (written: string) => ({ type: 2, nsp: '/', written })

type ShardedAdapter = ReturnType<ReturnType<typeof createShardedAdapter>>

/** The sharded adapter takes what it has read through this method, which is not among its public ones. */
function passTo(adapter: ShardedAdapter, message: unknown): void {
  const onMessage: unknown = Reflect.get(adapter, 'onMessage')
  if (typeof onMessage === 'function') onMessage.call(adapter, message)
}

function createSharded({ namespace, publisher, subscriber, guard, subscriptions, hearing }: Parts): ShardedAdapter {
  const guarded = {
    ssubscribe: (channel: string) => void subscriptions.push(subscriber.ssubscribe(channel)),
    sunsubscribe: (channels: string | string[]) => void subscriber.sunsubscribe(...[channels].flat()),
    on: (event: string, listener: Listener) => void subscriber.on(event, guard(listener)),
  }
  const adapter = createShardedAdapter(publisher, guarded)(namespace)
  return Object.assign(adapter, {
    onRawMessage(message: Buffer) {
      // A frame has its mark after the audience; everything else is a message of the adapter's own.
      if (!message.includes(frameMark)) return passTo(adapter, requireKnownShardedMessage(message, hearing.onAddition))
      if (!hearing.isTrusted()) return
      const event = readHeardEvent(message)
      hearing.onEvent(event)
      const { rooms, except, packet } = event
      passTo(adapter, {
        uid: 'emitter',
        nsp: '/',
        type: broadcast,
        data: { packet: packetOf(packet), opts: { rooms, except, flags: {} } },
      })
    },
  })
}

const broadcast = 3
const frameMark = '\t2["'
