import { randomUUID } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { Refusal, toFailure } from '@viatra-chat/chat'
import { readiness } from '@viatra-chat/runtime'

export interface HealthOptions {
  checks: Record<string, () => Promise<void>>
  /** False once the gateway stops: whoever balances load looks elsewhere. */
  isAccepting: () => boolean
}

/** What the gateway answers besides Socket.IO: whether it lives, whether it may be sent clients, and "not here" in the contract's envelope. */
export function createHttpServer(health: HealthOptions): Server {
  return createServer(timeouts, (request, response) => {
    const path = request.url?.split('?')[0]
    if (path === '/healthz') return sendJson(response, 200, { status: 'ok' })
    if (path === '/readyz') return void sendReadiness(response, health)
    sendJson(response, 404, toFailure(new Refusal('NOT_FOUND'), randomUUID()))
  })
}

// Whoever sends slowly holds a connection; a socket that was taken over by Socket.IO has its own rules.
const timeouts = { headersTimeout: 10_000, requestTimeout: 12_000, connectionsCheckingInterval: 2500, keepAliveTimeout: 75_000 }

async function sendReadiness(response: ServerResponse, { checks, isAccepting }: HealthOptions): Promise<void> {
  const state = await readiness(checks)
  const ready = state.ready && isAccepting()
  sendJson(response, ready ? 200 : 503, { ...state, ready })
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  response.writeHead(status, headers).end(JSON.stringify(body))
}

/** Resolves with the port once the server listens; rejects if it cannot, as when the port is taken. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}
