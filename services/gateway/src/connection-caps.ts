import type { IncomingMessage } from 'node:http'
import { Refusal } from '@viatra-chat/chat'
import type { UserId } from '@viatra-chat/contract'
import { clientAddress, type Config } from '@viatra-chat/runtime'
import type { Gateway } from './gateway.js'
import { connectionsOf } from './rooms.js'
import { endSession } from './session-end.js'
import type { GatewayServer, GatewaySocket } from './socket-types.js'

/**
 * A person may have so many connections; one more ends the oldest, which in a phone's pocket is the one that is dead anyway. At once for those here; the register counts those of
 * all gateways.
 */
export function endOldest(gateway: Gateway, userId: UserId): void {
  const connections = connectionsOf(gateway, userId)
  const excess = connections.length - gateway.limits.connectionsPerUserMax
  for (const { socket } of connections.slice(0, Math.max(0, excess))) endAsExcess(gateway, socket)
}

/** Ends those of these connections that are here. */
export function endExcess(gateway: Gateway, connectionIds: readonly string[]): void {
  for (const id of connectionIds) {
    const connection = gateway.connections.get(id)
    if (connection) endAsExcess(gateway, connection.socket)
  }
}

function endAsExcess({ limits }: Gateway, socket: GatewaySocket): void {
  const message = `Only ${limits.connectionsPerUserMax} connections of one person are kept.`
  endSession(socket, new Refusal('RATE_LIMITED', { message }))
}

/** Connections by the address they come from, from before anybody has shown a token. */
export interface AddressBook {
  hasRoomFor(request: IncomingMessage): boolean
  watch(io: GatewayServer): void
  /** The address of a connection that is watched, also when it is closed. */
  of(connection: object): string
}

interface Place {
  readonly address: string
  open: number
}

export function createAddressBook({ socket, trustedProxyHops }: Pick<Config, 'socket' | 'trustedProxyHops'>): AddressBook {
  const places = new Map<string, Place>()
  const placeOf = new WeakMap<object, Place>()
  const addressOf = (request: IncomingMessage) => clientAddress(request, trustedProxyHops)

  function opened(connection: EngineConnection, address: string): void {
    const place = places.get(address) ?? { address, open: 0 }
    place.open++
    places.set(address, place)
    placeOf.set(connection, place)
    connection.on('close', closed)
  }
  function closed(this: EngineConnection): void {
    const place = placeOf.get(this)
    if (place && --place.open === 0) places.delete(place.address)
  }

  return {
    hasRoomFor: (request) => (places.get(addressOf(request))?.open ?? 0) < socket.connectionsPerAddressMax,
    watch(io) {
      io.engine.on('connection', (connection: EngineConnection) => opened(connection, addressOf(connection.request)))
    },
    of: (connection) => placeOf.get(connection)?.address ?? 'unknown',
  }
}

/** What is used of an Engine.IO socket, which comes before and outlives Socket.IO's. */
interface EngineConnection {
  readonly request: IncomingMessage
  on(event: 'close', listener: (this: EngineConnection) => void): void
}
