import type { IncomingMessage } from 'node:http'

type Decide = (message: string | null, isAllowed: boolean) => void

/**
 * Decides on every handshake, a WebSocket's too, which browsers send from any page without asking first. No Origin, as from mobile apps,
 * and our own are fine; any other must be one of `origins`, where `*` is any.
 */
export function allowOrigin(origins: readonly string[]) {
  return (request: IncomingMessage, decide: Decide): void => {
    const isAllowed = isOriginAllowed(request.headers.origin, request.headers.host, origins)
    decide(isAllowed ? null : 'This origin is not allowed.', isAllowed)
  }
}

export function isOriginAllowed(origin: string | undefined, host: string | undefined, origins: readonly string[]): boolean {
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
