import type { IncomingMessage } from 'node:http'
import type { AddressBook } from './connection-caps.js'

type Decide = (message: string | null, isAllowed: boolean) => void

/**
 * Decides on every handshake, a WebSocket's too, which browsers send from any page without asking first, and before any token is looked at:
 * whether its Origin may come in, and whether its address has not too many connections already.
 */
export function allowHandshake(origins: readonly string[], addresses: AddressBook) {
  return (request: IncomingMessage, decide: Decide): void => {
    const { origin, host } = request.headers
    if (!isOriginAllowed(origin, host, origins)) return decide('This origin is not allowed.', false)
    if (!addresses.hasRoomFor(request)) return decide('There are too many connections from this address.', false)
    decide(null, true)
  }
}

/** No Origin, as from mobile apps, and our own are fine; any other must be one of `origins`, where `*` is any. */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, origins: readonly string[]): boolean {
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
