import { createServer } from 'node:http'
import { ConfigError } from '../config-error.js'

// Only a start fails so; what happens to the page later is no reason to stop.
const taken = (port: number) =>
  new ConfigError([`METRICS_PORT: port ${port} is already in use; stop what runs there or set METRICS_PORT to another one`])

/** The metrics page, listening. */
export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

interface Page {
  host: string
  port: number
  contentType: string
  text(): Promise<string>
}

/** Serves the page on a port of its own, so that what is public needs no exception for it. */
export function serveMetrics({ host, port, contentType, text }: Page): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end()
    text().then(
      (page) => response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(page),
      () => response.writeHead(500).end(),
    )
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? taken(port) : error))
    server.listen(port, host, () => {
      const address = server.address()
      resolve({ port: typeof address === 'object' && address ? address.port : port, close })
    })
  })
}
