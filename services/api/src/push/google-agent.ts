import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, rootCertificates } from 'node:tls'

export interface GoogleEndpoint {
  /** `https://host:port`: where connections go instead of to Google's own addresses. */
  endpoint?: string | undefined
  /** PEM file of authorities to trust besides the usual ones. */
  caPath?: string | undefined
}

// HTTP/1.1 carries one push per connection at a time: so many go side by side.
const connectionsMax = 64

/** Connections to Google's hosts, kept open. Their certificates are always checked for Google's names, wherever the connections lead. */
export function googleAgent({ endpoint, caPath }: GoogleEndpoint): Agent {
  // Made once: as `ca` all authorities would be parsed for each connection, and be a part of the name under which each request looks for one.
  const secureContext = caPath === undefined ? undefined : createSecureContext({ ca: [...rootCertificates, readFileSync(caPath, 'utf8')] })
  const options = { keepAlive: true, maxSockets: connectionsMax, ...(secureContext && { secureContext }) }
  return endpoint === undefined ? new Agent(options) : new RedirectedAgent(options, new URL(endpoint))
}

class RedirectedAgent extends Agent {
  readonly #to: URL

  constructor(options: ConstructorParameters<typeof Agent>[0], to: URL) {
    super(options)
    this.#to = to
  }

  override createConnection(options: { host?: string; servername?: string }): Duplex {
    const { hostname, port } = this.#to
    const redirected = { ...options, servername: options.servername ?? options.host ?? '', host: hostname, port: Number(port || 443) }
    return connect(redirected)
  }
}
