import { readEventFrame, type EventFrame } from '@viatra-chat/chat'
import { events } from '@viatra-chat/contract'
import { isAudience, isObject } from './audience.js'

/** An event of ours, as it goes to the sockets in its rooms. */
export type HeardEvent = EventFrame

/**
 * Reads a frame, or what a process before frames has written with `decode`. What was read already is given as it is: bytes are all that Redis brings.
 * @throws for everything that is no event of the contract for some rooms.
 */
export function readHeardEvent(message: unknown, decode?: (message: unknown) => unknown): HeardEvent {
  if (isRead(message)) return message
  const event = isFrame(message) ? readEventFrame(String(message)) : decode && readBroadcast(decode(message))
  if (!event || !Object.hasOwn(events, event.event)) throw new Error('not an event of ours')
  return event
}

const isRead = (message: unknown): message is HeardEvent =>
  isObject(message) && typeof message['packet'] === 'string' && !Buffer.isBuffer(message)
const brace = 0x7b
const isFrame = (message: unknown) => typeof message === 'string' || (Buffer.isBuffer(message) && message[0] === brace)

const eventPacket = 2

/** A broadcast as Socket.IO's emitter writes it by itself. */
function readBroadcast(message: unknown): HeardEvent | undefined {
  if (!Array.isArray(message)) return undefined
  const [, packet, audience] = message as unknown[]
  if (!isObject(packet) || !isAudience(audience)) return undefined
  const { type, data } = packet
  if (type !== eventPacket || !Array.isArray(data)) return undefined
  return { rooms: audience.rooms, except: audience.except ?? [], event: String(data[0]), packet: `${eventPacket}${JSON.stringify(data)}` }
}
