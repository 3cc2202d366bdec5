import type { ChannelMessage } from './event-batch.js'

// Numbers of Socket.IO: what the emitter's requests are, and what the sharded adapter calls the same.
const request = { join: 2, serverSideEmit: 6 }
const message = { join: 4, serverSideEmit: 9 }

const requestChannel = 'socket.io-request#/#'
/** Where the sharded adapter hears what is for every gateway. */
const shardedChannel = 'socket.io#/#'

interface Request {
  type: number
  opts?: unknown
  rooms?: unknown
  data?: unknown[]
}

/**
 * The Socket.IO emitter speaks to the classic adapter only. Events go to the same channels for both; what it asks of gateways is put
 * into the sharded adapter's words here.
 */
export function toSharded(channel: string, text: string): ChannelMessage {
  if (channel !== requestChannel) return [channel, text]
  const { type, opts, rooms, data } = JSON.parse(text) as Request
  const common = { uid: 'emitter', nsp: '/' }
  if (type === request.join) return [shardedChannel, JSON.stringify({ ...common, type: message.join, data: { opts, rooms } })]
  if (type === request.serverSideEmit)
    return [shardedChannel, JSON.stringify({ ...common, type: message.serverSideEmit, data: { packet: data } })]
  throw new Error(`nothing of ours asks gateways for ${type}`)
}
