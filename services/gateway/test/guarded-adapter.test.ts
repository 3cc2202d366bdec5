import { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { Decoder } from 'socket.io-parser'
import { expect, test, vi } from 'vitest'
import { createGuardedAdapter } from '../src/guarded-adapter.js'
import { PacketEncoder } from '../src/packet-encoder.js'

const events = 'socket.io#/#'
const requests = 'socket.io-request#/#'
const responses = 'socket.io-response#/#'
const change = { conversationId: 'c', userIds: ['u'] }
const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const batches = 'chat:events:2'
const typing = { type: 2, nsp: '/', data: ['user_typing', { conversationId: 'c', userId: 'u', isTyping: true }] }

test.each([
  ['bytes that are no MessagePack', events, Buffer.from([0xc1])],
  ['an empty message', events, Buffer.alloc(0)],
  ['null', events, Buffer.from([0xc0])],
  ['numbers in place of a packet', events, Buffer.from([0x93, 1, 2, 3])],
  ['a megabyte of nested arrays', events, Buffer.alloc(1_000_000, 0x91)],
  ['a frame without a packet', events, Buffer.from('{"rooms":["r"],"except":[]}')],
  ['a frame for everybody', events, Buffer.from('{"rooms":[],"except":[]}\t2["user_typing",{}]')],
  ['a frame with an audience of numbers', events, Buffer.from('{"rooms":[1],"except":[]}\t2["user_typing",{}]')],
  ['a frame whose audience is no JSON', events, Buffer.from('{"rooms"\t2["user_typing",{}]')],
  ['a frame that is cut off', events, Buffer.from('{"rooms":["r"],"except":[]}\t2["user_typing",{"conver')],
  ['a frame of an event that nobody knows', events, Buffer.from('{"rooms":["r"],"except":[]}\t2["else",{}]')],
  ['a frame that is no event', events, Buffer.from('{"rooms":["r"],"except":[]}\t1')],
  ['an empty batch', batches, Buffer.alloc(0)],
  ['a batch of bytes', batches, Buffer.from([0xc1, 0x0a, 0x09])],
  ['a batch of a form from the future', batches, Buffer.from('{"version":2}')],
  ['a new message that is cut off', batches, Buffer.from(`message\t${id}\t2024-05-05T08:15:30.000Z\t\t{"id":"m"`)],
  ['a new message without a conversation', batches, Buffer.from('message\tc\t2024-05-05T08:15:30.000Z\t\t{"id":"m"}')],
  ['a new message with something behind it', batches, Buffer.from(`message\t${id}\t2024-05-05T08:15:30.000Z\t\t{"id":"m"}\t{}`)],
  ['half an object', requests, Buffer.from('{')],
  ['bytes that are no JSON', requests, Buffer.from([0xc1])],
  ['a null request', requests, Buffer.from('null')],
  ['a request without its parts', requests, Buffer.from('{"type":5}')],
  ['a signal without a name', requests, Buffer.from('{"type":6}')],
  ['a signal with the name of an event of Socket.IO', requests, Buffer.from('{"type":6,"data":["connection",{}]}')],
  ['a signal nobody knows', requests, Buffer.from('{"type":6,"data":["else",{}]}')],
  ['a join of everybody', requests, Buffer.from('{"type":2,"opts":{"rooms":[]},"rooms":["r"]}')],
  ['a join with rooms that are none', requests, Buffer.from('{"type":2,"opts":{"rooms":5},"rooms":["r"]}')],
  ['a question for our sockets', requests, Buffer.from('{"type":5,"requestId":"r","opts":{"rooms":[],"except":[]}}')],
  ['an answer nobody asked for', responses, Buffer.from('{"requestId":"r"}')],
])('%s is dropped with a line in the log', async (_case, channel, message) => {
  const { receive, dropped } = await openAdapter()
  receive(channel, message)
  await nextTurn()
  expect(dropped).toHaveBeenCalledOnce()
})

test.each([
  ['an event of the contract', [typing, { rooms: ['r'], except: [] }], 0],
  ['an event for everybody', [typing, { rooms: [], except: [] }], 1],
  [
    'an event the contract does not know',
    [
      { ...typing, data: ['else', 1] },
      { rooms: ['r'], except: [] },
    ],
    1,
  ],
  [
    'a packet that is no event',
    [
      { ...typing, type: 1 },
      { rooms: ['r'], except: [] },
    ],
    1,
  ],
  ['an event without audience', [typing], 1],
])('%s', async (_case, message, lines) => {
  const { receive, dropped, encode } = await openAdapter()
  receive(events, encode(['another process', ...message]))
  expect(dropped).toHaveBeenCalledTimes(lines)
})

test('a removal is heard', async () => {
  const { io, receive, dropped } = await openAdapter()
  const heard = vi.fn()
  io.on('participants_removed', heard)
  receive(requests, Buffer.from(removal))
  expect(heard).toHaveBeenCalledWith(change)
  expect(dropped).not.toHaveBeenCalled()
})

test('a listener that fails does not end the process', async () => {
  const { io, receive, dropped } = await openAdapter()
  io.on('participants_removed', () => {
    throw new Error('a fault of ours')
  })
  receive(requests, Buffer.from(removal))
  await nextTurn()
  expect(dropped).toHaveBeenCalledOnce()
})

test('a flood of bad messages makes one line a second', async () => {
  const { receive, dropped } = await openAdapter()
  for (let i = 0; i < 100; i++) receive(events, Buffer.from([0xc1]))
  expect(dropped).toHaveBeenCalledOnce()
})

test('while the rooms may be wrong events are dropped and signals are heard', async () => {
  let isTrusted = false
  const { io, receive, encode, parser } = await openAdapter(() => isTrusted)
  const heard = vi.fn()
  io.on('participants_removed', heard)
  const decode = vi.spyOn(parser, 'decode')
  const event = encode(['another process', typing, { rooms: ['r'], except: [] }])
  receive(events, event)
  receive(requests, Buffer.from(removal))
  expect(decode).not.toHaveBeenCalled()
  expect(heard).toHaveBeenCalledOnce()
  isTrusted = true
  receive(events, event)
  expect(decode).toHaveBeenCalledOnce()
})

const frameOf = (event: string) => `{"rooms":["r"],"except":[]}\t2["${event}",{"isTyping":true}]`
const removal = JSON.stringify({ uid: 'another process', type: 6, data: ['participants_removed', change] })

test('a batch is heard in its order, and what is broken in it harms nothing else', async () => {
  const { io, receive, dropped, join, isTold } = await openAdapter()
  const order: string[] = []
  io.on('participants_removed', () => order.push('removal'))
  join('r', (packet) => order.push(packet))
  const messages = [
    [`${events}r#`, frameOf('user_typing')],
    [requests, removal],
    [`${events}r#`, 'broken'],
    ['another channel', frameOf('user_typing')],
    [`${events}r#`, frameOf('message_read')],
  ]
  receive(batches, Buffer.from(messages.map((message) => message.join('\t')).join('\n')))
  await nextTurn()
  expect(order).toEqual(['2["user_typing",{"isTyping":true}]', 'removal', '2["message_read",{"isTyping":true}]'])
  expect(dropped).toHaveBeenCalledOnce()
  expect(isTold()).toBe(2)
})

test('an event of a process before frames goes out as one of today’s', async () => {
  const { receive, encode, join } = await openAdapter()
  const heard: string[] = []
  join('r', (packet) => heard.push(packet))
  receive(events, encode(['emitter', typing, { rooms: ['r'], except: [] }]))
  expect(heard).toEqual([`2${JSON.stringify(typing.data)}`])
})

test.each([
  ['bytes', Buffer.from([0xc1])],
  ['nothing', Buffer.alloc(0)],
  ['null', Buffer.from('null')],
  ['a message without data', Buffer.from('{"type":4}')],
  ['a join of everybody', Buffer.from('{"uid":"x","nsp":"/","type":4,"data":{"opts":{"rooms":[]},"rooms":["r"]}}')],
  ['an event that is no frame', Buffer.from('{"uid":"x","nsp":"/","type":3,"data":{"opts":{"rooms":["r"]},"packet":{}}}')],
  ['a question for our sockets', Buffer.from('{"uid":"x","nsp":"/","type":7,"data":{"opts":{"rooms":["r"]}}}')],
  ['a frame that is cut off', Buffer.from('{"rooms":["r"],"except":[]}\t2["user_typing",{"conver')],
])('sharded: %s is dropped with a line in the log', (_case, message) => {
  const { receive, dropped } = openSharded()
  receive(message)
  expect(dropped).toHaveBeenCalledOnce()
})

test('sharded: a frame and a removal are heard', () => {
  const { io, receive, dropped, onEvent } = openSharded()
  const heard = vi.fn()
  io.on('participants_removed', heard)
  receive(Buffer.from(frameOf('user_typing')))
  receive(Buffer.from(JSON.stringify({ uid: 'emitter', nsp: '/', type: 9, data: { packet: ['participants_removed', change] } })))
  expect(onEvent).toHaveBeenCalledOnce()
  expect(heard).toHaveBeenCalledWith(change)
  expect(dropped).not.toHaveBeenCalled()
})

function openSharded() {
  const subscriber = Object.assign(new EventEmitter(), { ssubscribe: async () => 1 })
  const dropped = vi.fn()
  const onEvent = vi.fn()
  const log = { debug: vi.fn(), info: vi.fn(), warn: dropped, error: vi.fn() }
  const options = { publisher: asRedis(new EventEmitter()), subscriber: asRedis(subscriber), form: 'sharded' as const }
  const { create } = createGuardedAdapter(options, log, { onEvent })
  const io = new Server({ adapter: create as never, parser: { Encoder: PacketEncoder, Decoder } })
  io.of('/')
  return { io, dropped, onEvent, receive: (message: Buffer) => subscriber.emit('smessageBuffer', Buffer.from(events), message) }
}

/** An adapter whose subscriber is ours to speak through. */
async function openAdapter(isTrusted = () => true) {
  const subscriber = Object.assign(new EventEmitter(), { psubscribe: async () => 1, subscribe: async () => 3 })
  const publisher = new EventEmitter()
  const dropped = vi.fn()
  const onEvent = vi.fn()
  const log = { debug: vi.fn(), info: vi.fn(), warn: dropped, error: vi.fn() }
  const adapter = createGuardedAdapter({ publisher: asRedis(publisher), subscriber: asRedis(subscriber), form: 'batched' }, log, {
    isTrusted,
    onEvent,
  })
  const io = new Server({ adapter: adapter.create as never, parser: { Encoder: PacketEncoder, Decoder } })
  await adapter.subscribed
  const namespace = io.of('/')
  const { parser } = namespace.adapter as never as { parser: { encode(message: unknown): Buffer; decode(bytes: Buffer): unknown } }
  function receive(channel: string, message: Buffer): void {
    if (channel === events) subscriber.emit('pmessageBuffer', `${events}*`, Buffer.from(channel), message)
    else subscriber.emit('messageBuffer', Buffer.from(channel), message)
  }
  /** Puts a socket that tells what is written to it into a room. */
  function join(room: string, writeToEngine: (packet: string) => void): void {
    const socket: object = { client: { writeToEngine: ([packet = '']: string[]) => writeToEngine(packet) } }
    namespace.sockets.set('a socket', socket as never)
    void namespace.adapter.addAll('a socket', new Set([room]))
  }
  const isTold = () => onEvent.mock.calls.length
  return { io, receive, dropped, parser, join, isTold, encode: (message: unknown) => parser.encode(message) }
}

const asRedis = (emitter: EventEmitter) => emitter as EventEmitter & Redis
