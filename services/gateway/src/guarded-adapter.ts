import { RedisAdapter } from '@socket.io/redis-adapter'
import { participantsRemovedSignal, type Log } from '@viatra-chat/chat'
import { events } from '@viatra-chat/contract'
import type { Redis } from 'ioredis'

type Listener = (this: unknown, ...args: unknown[]) => unknown
type Guard = (listener: Listener) => Listener

/** What the gateway says and learns about what is heard. */
export interface Hearing {
  /** While it is false events are dropped and signals alone are heard: the rooms may be wrong. */
  isTrusted(): boolean
  /** An event was let in and goes to its rooms: its name, its payload. */
  onEvent(event: readonly unknown[]): void
  /** Sockets are being put into rooms by another process. */
  onAddition(): void
}

/** Makes the adapter of a namespace; `subscribed` resolves once the gateway hears what is published. */
export interface GuardedAdapter {
  create: (namespace: unknown) => RedisAdapter
  subscribed: Promise<unknown>
}

/**
 * The Socket.IO Redis adapter, made safe against what arrives on its channels: the stock one throws on a malformed message, in a place
 * where nobody catches, and so one bad PUBLISH would end every gateway at once. Only what this product publishes is let in:
 * known events, moving and disconnecting sockets, and the removal signal. Everything else is dropped with a line in the log.
 */
export function createGuardedAdapter(publisher: Redis, subscriber: Redis, log: Log, hearing: Partial<Hearing> = {}): GuardedAdapter {
  const subscriptions: Promise<unknown>[] = []
  const { isTrusted = () => true, onAddition = () => undefined, onEvent = () => undefined } = hearing
  const guarded = guardSubscriber(subscriber, guardWith(log), subscriptions, { isTrusted, onAddition })
  // Socket.IO calls it with `new`, which an arrow function would refuse.
  function create(namespace: unknown): RedisAdapter {
    const adapter = new RedisAdapter(namespace, publisher, guarded)
    return Object.assign(adapter, { parser: guardParser(adapter.parser, onEvent) })
  }
  return {
    create,
    get subscribed() {
      return Promise.all(subscriptions)
    },
  }
}

/** Lets a listener fail, now or later, without ending the process. A flood of bad messages makes one line a second. */
function guardWith(log: Log): Guard {
  let loggedAt = 0
  function dropped(error: unknown): void {
    if (Date.now() - loggedAt < 1000) return
    loggedAt = Date.now()
    log.warn({ err: error }, 'a message between the gateways was dropped')
  }
  return (listener) =>
    function (...args) {
      try {
        const outcome = listener.apply(this, args)
        if (outcome instanceof Promise) outcome.catch(dropped)
      } catch (error) {
        dropped(error)
      }
    }
}

/** What the adapter uses of a subscriber. Requests, which it would take as they come, are checked before it sees them. */
function guardSubscriber(
  subscriber: Redis,
  guard: Guard,
  subscriptions: Promise<unknown>[],
  { isTrusted, onAddition }: Pick<Hearing, 'isTrusted' | 'onAddition'>,
) {
  const known = new Map<Listener, Listener>()
  function wrap(event: string, listener: Listener): Listener {
    if (event === 'messageBuffer') return guard((channel, message) => listener(channel, requireKnownRequest(channel, message, onAddition)))
    if (event === 'pmessageBuffer') return guard((...args) => isTrusted() && listener(...args))
    return guard(listener)
  }
  return {
    psubscribe: (pattern: string) => void subscriptions.push(subscriber.psubscribe(pattern)),
    subscribe: (channels: string[]) => void subscriptions.push(subscriber.subscribe(...channels)),
    punsubscribe: (pattern: string) => void subscriber.punsubscribe(pattern),
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

// The adapter's numbers for what it asks of others.
const remoteRequests = { join: 2, leave: 3, disconnect: 4, serverSideEmit: 6 }

/** Returns the message if the adapter may see it. The namespace's own events share a door with the signals, so only known signals pass. */
function requireKnownRequest(channel: unknown, message: unknown, onAddition: () => void): unknown {
  if (!String(channel).startsWith('socket.io-request#')) throw new Error('nobody here asks other gateways, so there is nothing to answer')
  const request: unknown = JSON.parse(String(message))
  if (!isObject(request)) throw new Error('a request must be an object')
  if (request['type'] === remoteRequests.serverSideEmit) return requireKnownSignal(request) && message
  const { type, opts, rooms } = request
  const moves = (type === remoteRequests.join || type === remoteRequests.leave) && isTexts(rooms)
  if (!isAudience(opts) || !(moves || type === remoteRequests.disconnect)) throw new Error('unknown request')
  if (type === remoteRequests.join) onAddition()
  return message
}

function requireKnownSignal({ data, requestId }: Record<string, unknown>): true {
  if (Array.isArray(data) && data[0] === participantsRemovedSignal && requestId === undefined) return true
  throw new Error('unknown signal')
}

interface Parser {
  encode(message: unknown): unknown
  decode(message: unknown): unknown
}

/** Lets only well-formed events of the contract through; throws, into the guard, for everything else. */
function guardParser(parser: Parser, onEvent: Hearing['onEvent']): Parser {
  return {
    encode: (message) => parser.encode(message),
    decode(bytes) {
      const message = parser.decode(bytes)
      const event = readEvent(message)
      if (!event) throw new Error('not an event of ours')
      onEvent(event)
      return message
    },
  }
}

const eventPacket = 2
const binaryEventPacket = 5

/** Name and payload of a broadcast of ours. */
function readEvent(message: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(message)) return undefined
  const [, packet, audience] = message as unknown[]
  if (!isObject(packet) || !isAudience(audience)) return undefined
  const { type, data } = packet
  const isEvent = (type === eventPacket || type === binaryEventPacket) && Array.isArray(data) && Object.hasOwn(events, String(data[0]))
  return isEvent ? (data as unknown[]) : undefined
}

// Without a room it would be for everybody, which nothing of ours is.
function isAudience(value: unknown): boolean {
  return isObject(value) && isTexts(value['rooms'], 1) && (value['except'] === undefined || isTexts(value['except']))
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isTexts = (value: unknown, lengthMin = 0): boolean =>
  Array.isArray(value) && value.length >= lengthMin && value.every((item) => typeof item === 'string')
