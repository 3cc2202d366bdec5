import type { IncomingMessage } from 'node:http'
import { Refusal } from '@viatra-chat/chat'
import type { UserId } from '@viatra-chat/contract'
import { clientAddress, type Config } from '@viatra-chat/runtime'
import type { Gateway } from './gateway.js'
import { connectionsOf } from './rooms.js'
import { endSession } from './session-end.js'
import type { GatewayServer } from './socket-types.js'

/** A person may have so many connections here; one more ends the oldest, which in a phone's pocket is the one that is dead anyway. */
export function endOldest(gateway: Gateway, userId: UserId): void {
  const { connectionsPerUserMax } = gateway.limits
  const connections = connectionsOf(gateway, userId)
  for (const { socket } of connections.slice(0, Math.max(0, connections.length - connectionsPerUserMax)))
    endSession(socket, new Refusal('RATE_LIMITED', { message: `Only ${connectionsPerUserMax} connections of one person are kept.` }))
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
