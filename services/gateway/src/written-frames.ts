import { PacketEncoder, type WrittenPacket } from './packet-encoder.js'
import type { GatewayServer, GatewaySocket } from './socket-types.js'

/** What Engine.IO is about to write; the options of a broadcast are one object for all its receivers. */
interface EnginePacket {
  type: string
  data?: unknown
  options?: { wsPreEncodedFrame?: Buffer[] }
}

/**
 * Writes the WebSocket frame of a packet once for all who get it, and in one piece. Socket.IO writes it for broadcasts alone, in two pieces,
 * which is a dearer system call for every receiver, and also when nobody is there to hear it.
 * @returns what attends to one more socket. It is the same function for all of them: a gateway has many that are idle.
 */
export function createFrameWriter(onPacket: () => void): (socket: GatewaySocket) => void {
  function writeFrame(this: EngineConnection, { type, data, options }: EnginePacket): void {
    if (type !== 'message') return
    onPacket()
    if (options && typeof data === 'string' && this.transport.name === 'websocket') options.wsPreEncodedFrame ??= [textFrame(data)]
  }
  return ({ conn }) => void conn.on('packetCreate', writeFrame)
}

interface EngineConnection {
  readonly transport: { readonly name: string }
}

/** Leaves frames to the writer above. */
export function leaveFrames(io: GatewayServer): void {
  const encoder = new PacketEncoder()
  Object.assign(io.of('/').adapter, { _encode: (packet: WrittenPacket) => encoder.encode(packet) })
}

const finalText = 0x81
const [length16, length64] = [126, 127]
// "4" is what Engine.IO calls a message.
const messageType = 0x34

function textFrame(data: string): Buffer {
  const length = Buffer.byteLength(data) + 1
  const start = length < length16 ? 2 : length < 0x10000 ? 4 : 10
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = finalText
  if (start === 2) frame[1] = length
  else if (start === 4) {
    frame[1] = length16
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = length64
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame[start] = messageType
  frame.write(data, start + 1)
  return frame
}
