import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createProxyServer } from 'httpxy'
import { Problem } from '../problem.js'
import { forwardRequest, replaceForwarded } from './forward-request.js'
import { answerWithPage, type Site } from './site.js'
import { refuseUpgrade } from './unavailable.js'
import { accepts, Upstreams } from './upstreams.js'

/** What stands behind the origin, and what it says about itself. */
export interface OriginOptions {
  /** The public TCP port. */
  port: number
  /** Addresses to listen on; the two of `localhost` unless given. */
  hosts?: string[]
  apiPorts: number[]
  gatewayPorts: number[]
  /** Sent as `x-viatra-instance` with `/`, by which a second start recognises this one. */
  instanceId: string
  /** What the origin answers itself. */
  site: Site
}

/** The one public address: `/socket.io/` goes to the gateways, the site is its own, everything else goes to the APIs. */
export interface Origin {
  /** Refuses new connections and ends the open ones. */
  close(): Promise<void>
}

/**
 * Opens the origin.
 * @throws Problem when the port is taken.
 */
export async function openOrigin(options: OriginOptions): Promise<Origin> {
  const handlers = createHandlers(options)
  const servers: Server[] = []
  const open = new Set<Duplex>()
  const close = async () => {
    for (const socket of open) socket.destroy()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
  for (const host of options.hosts ?? ['127.0.0.1', '::1']) {
    const server = createServer({ requestTimeout: 60_000 }, handlers.request).on('upgrade', handlers.upgrade)
    server.on('connection', (socket: Socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    })
    try {
      if (await listen(server, options.port, host)) servers.push(server)
    } catch (error) {
      await close()
      throw error
    }
  }
  return { close }
}

/** False when this machine does not have the address (no IPv6). */
function listen(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(false)
      else reject(new Problem(listenFailure(error, port)))
    })
    server.listen(port, host, () => resolve(true))
  })
}

function listenFailure(error: NodeJS.ErrnoException, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} is in use: set PORT to another one, for example PORT=${port + 100} npm start.`
  if (error.code === 'EACCES') return `Port ${port} may not be used by this user: set PORT to one above 1023.`
  return `Port ${port} cannot be opened: ${error.message}. Check HOST and PORT.`
}

function createHandlers({ apiPorts, gatewayPorts, instanceId, site }: OriginOptions) {
  const proxy = createProxyServer()
  const apis = new Upstreams(apiPorts)
  const gateways = new Upstreams(gatewayPorts)
  const request = async (req: IncomingMessage, res: ServerResponse) => {
    const path = pathOf(req)
    const page = req.method === 'GET' || req.method === 'HEAD' ? await site(path, req) : undefined
    if (page) answerWithPage(page, instanceId, req, res)
    else await forwardRequest(proxy, isSocketIo(path) ? gateways.stickyTo(addressOf(req)) : apis.inTurn(), req, res)
  }
  const upgrade = async (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    if (!isSocketIo(pathOf(req))) return refuseUpgrade(req, socket, 404)
    replaceForwarded(req)
    // A `sid` belongs to a session begun by polling, and only the gateway that began it knows it.
    const ports = /[?&]sid=/.test(req.url ?? '') ? gateways.stickyTo(addressOf(req)) : gateways.inTurn()
    for (const port of ports) {
      if (!(await accepts(port))) continue
      await proxy.ws(req, socket as Socket, { target: `http://127.0.0.1:${port}`, xfwd: true }, head).catch(() => socket.destroy())
      return
    }
    refuseUpgrade(req, socket, 503)
  }
  return {
    request: (...args: Parameters<typeof request>) => void request(...args),
    upgrade: (...args: Parameters<typeof upgrade>) => void upgrade(...args),
  }
}

function isSocketIo(path: string): boolean {
  return path === '/socket.io' || path.startsWith('/socket.io/')
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? ''
}
