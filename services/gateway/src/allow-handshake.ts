import type { IncomingMessage } from 'node:http'
import { answerFull } from './capacity.js'
import type { AddressBook } from './connection-caps.js'
import type { GatewayMeasures } from './metrics.js'

type Decide = (message: string | null, isAllowed: boolean) => void

export interface HandshakeRules {
  origins: readonly string[]
  addresses: AddressBook
  /** Whether the gateway has as many connections as it bears. */
  isFull(): boolean
  measures: Pick<GatewayMeasures, 'turnedAway'>
}

/**
 * Decides on every handshake, a WebSocket's too, which browsers send from any page without asking first, and before any token is looked at:
 * whether its Origin may come in, whether there is room, and whether its address has not too many connections already.
 */
export function allowHandshake({ origins, addresses, isFull, measures }: HandshakeRules) {
  return (request: IncomingMessage, decide: Decide): void => {
    const turnAway = (reason: string, message: string) => {
      measures.turnedAway(1, { reason })
      decide(message, false)
    }
    const { origin, host } = request.headers
    if (!isOriginAllowed(origin, host, origins)) return turnAway('origin', 'This origin is not allowed.')
    if (isFull()) {
      measures.turnedAway(1, { reason: 'full' })
      // Answered, and so not decided on.
      return answerFull(request)
    }
    if (!addresses.hasRoomFor(request)) return turnAway('address', 'There are too many connections from this address.')
    decide(null, true)
  }
}

/** No Origin, as from mobile apps, and our own are fine; any other must be one of `origins`, where `*` is any. */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, origins: readonly string[]): boolean {
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
