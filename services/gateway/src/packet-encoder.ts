import { Encoder, PacketType, type Packet } from 'socket.io-parser'

/** A packet that another process has written already. */
export type WrittenPacket = Packet & { written?: string }

/**
 * Socket.IO's encoder, but what is written already goes out as it is, and nothing is searched for bytes: nothing that this product says has
 * any, and the search costs more than writing.
 */
export class PacketEncoder extends Encoder {
  override encode(packet: WrittenPacket): string[] {
    if (packet.written !== undefined) return [packet.written]
    const { type, nsp, id } = packet
    const data: unknown = packet.data
    if (nsp !== '/' || (type !== PacketType.EVENT && type !== PacketType.ACK)) return super.encode(packet) as string[]
    return [`${type}${id ?? ''}${JSON.stringify(data)}`]
  }
}
