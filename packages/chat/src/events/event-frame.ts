import type { EventName } from '@viatra-chat/contract'

/** An event on its way between processes. */
export interface EventFrame {
  /** Whoever is in any of these hears it, once… */
  rooms: readonly string[]
  /** …but nobody in any of these. */
  except: readonly string[]
  event: string
  /** The packet as Socket.IO writes it to every client: no gateway takes it apart and puts it together again. */
  packet: string
}

// Nothing that JSON writes holds a tab or a line's end: those it escapes.
const separator = '\t'
const packetStart = '2["'

/** `{"rooms":[…],"except":[…]}⇥2["new_message",{…}]` */
export function writeEventFrame(event: string, args: readonly unknown[], { rooms, except }: Pick<EventFrame, 'rooms' | 'except'>): string {
  return `${JSON.stringify({ rooms, except })}${separator}2${JSON.stringify([event, ...args])}`
}

/** Undefined for what is not whole: it must not reach clients. The payload is not looked into; every writer of ours made it by `JSON.stringify`. */
export function readEventFrame(text: string): EventFrame | undefined {
  const end = text.indexOf(separator)
  if (end < 0) return undefined
  const packet = text.slice(end + separator.length)
  const nameEnd = packet.indexOf('"', packetStart.length)
  if (!packet.startsWith(packetStart) || nameEnd < 0 || !packet.endsWith(']')) return undefined
  const audience = readAudience(text.slice(0, end))
  return audience && { ...audience, event: packet.slice(packetStart.length, nameEnd), packet }
}

/** When a message was created, as its packet says. Metadata may have a field of that name as well; the message's own comes after it. */
export function createdAtOf(packet: string): number {
  const key = '"created_at":"'
  const at = packet.lastIndexOf(key)
  return at < 0 ? NaN : Date.parse(packet.slice(at + key.length, packet.indexOf('"', at + key.length)))
}

function readAudience(text: string): Pick<EventFrame, 'rooms' | 'except'> | undefined {
  const audience: unknown = JSON.parse(text)
  if (typeof audience !== 'object' || audience === null || !('rooms' in audience) || !('except' in audience)) return undefined
  const { rooms, except } = audience
  // Without a room it would be for everybody, which nothing of ours is.
  return isTexts(rooms) && rooms.length > 0 && isTexts(except) ? { rooms, except } : undefined
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string')

/** What the emitter hands to its parser: who publishes, the packet, the audience. */
type Emission = [uid: string, packet: { data: [EventName, ...unknown[]] }, audience: { rooms: string[]; except: string[] }]

/** Makes the Socket.IO emitter write frames. */
export const frameParser = {
  encode: ([, { data }, audience]: Emission): string => {
    const [event, ...args] = data
    return writeEventFrame(event, args, audience)
  },
}
