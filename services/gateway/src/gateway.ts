import type { Chat, Log } from '@viatra-chat/chat'
import type { AddressBook } from './connection-caps.js'
import type { Connection } from './connection.js'
import type { ConnectionRegister } from './connection-register.js'
import type { GatewayMeasures } from './metrics.js'
import type { Presence } from './presence.js'
import type { RecentRemovals } from './recent-removals.js'
import type { GatewayServer, GatewaySocket } from './socket-types.js'
import type { Subscription } from './subscription.js'
import type { Throttle } from './throttle.js'

/** What the parts of one gateway share. Several gateways may live in one process. */
export interface Gateway {
  readonly id: string
  readonly chat: Chat
  readonly io: GatewayServer
  readonly log: Log
  readonly measures: GatewayMeasures
  readonly presence: Presence
  /** Counts connections of people over all gateways. */
  readonly register: ConnectionRegister
  readonly removals: RecentRemovals
  /** How often sockets were put into rooms by other processes, as when people are added to a conversation. */
  readonly additions: { heard: number }
  readonly subscription: Subscription
  readonly limits: { readonly connectionsPerUserMax: number }
  readonly addresses: AddressBook
  /** Of the events of each connection. */
  readonly throttle: Throttle
  /** By socket id. */
  readonly connections: Map<string, Connection>
  /** Events and acknowledgements written to sockets since the metrics were last looked at. */
  readonly written: { packets: number }
  /** Has what is written to a socket framed once, and counted. */
  writeFrames(socket: GatewaySocket): void
  /** Lets a socket write once for each turn of the event loop; see `flush-by-turn.ts`. */
  flushByTurns(socket: GatewaySocket): void
  /** Events being answered. */
  inFlight: number
  /** `open` ──stop──► `draining`: takes nobody in, serves who is here ──► `closing`: refuses events, as safe to send again. */
  phase: 'open' | 'draining' | 'closing'
}
