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
}

export function createAddressBook({ socket, trustedProxyHops }: Pick<Config, 'socket' | 'trustedProxyHops'>): AddressBook {
  const open = new Map<string, number>()
  const addressOf = (request: IncomingMessage) => clientAddress(request, trustedProxyHops)
  function add(address: string, change: 1 | -1): void {
    const count = (open.get(address) ?? 0) + change
    if (count > 0) open.set(address, count)
    else open.delete(address)
  }
  return {
    hasRoomFor: (request) => (open.get(addressOf(request)) ?? 0) < socket.connectionsPerAddressMax,
    watch(io) {
      io.engine.on('connection', (connection: EngineConnection) => {
        // Its address is not known any more once it is closed.
        const address = addressOf(connection.request)
        add(address, 1)
        connection.once('close', () => add(address, -1))
      })
    },
  }
}

/** What is used of an Engine.IO socket, which comes before and outlives Socket.IO's. */
interface EngineConnection {
  readonly request: IncomingMessage
  once(event: 'close', listener: () => void): void
}
