import type { GatewayServer, GatewaySocket } from './socket-types.js'
import { createThrottle } from './throttle.js'

/** Packets that are no events have no answer and no use in numbers; so many times the rate of events is more than any app sends. */
const packetsPerEvent = 100
/** Apps try again over the same connection after a refused token. */
const connectAttemptsMax = 5

/**
 * Looks at packets before Socket.IO makes anything of them: acknowledgements nobody asked for, attempts to connect and heartbeats
 * pass no throttle of events. Whoever floods with them, or with events, far beyond what is refused with an answer is cut off at once.
 */
export function watchPackets(io: GatewayServer, multiplier: number): void {
  const throttle = createThrottle(multiplier * packetsPerEvent)
  // One for all connections, as whatever else is attached to each: most of them are idle.
  function countPacket(this: PacketSource): void {
    if (throttle.admit(this.id, performance.now()) !== 'admitted') this.close(true)
  }
  io.engine.on('connection', (connection: PacketSource) => connection.on('packet', countPacket))
}

interface PacketSource {
  readonly id: string
  on(event: 'packet', listener: (this: PacketSource) => void): void
  close(discard: boolean): void
}

const attempts = new WeakMap<object, number>()

/** False when somebody connects once more over a connection that has a session, or tries too often: one connection is one person. */
export function mayConnect({ conn }: GatewaySocket): boolean {
  const count = (attempts.get(conn) ?? 0) + 1
  attempts.set(conn, count)
  return count <= connectAttemptsMax
}

/** From now on the connection has its session. */
export function hasConnected({ conn }: GatewaySocket): void {
  attempts.set(conn, connectAttemptsMax)
}
