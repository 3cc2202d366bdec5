import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** An answer that the origin gives itself, in the envelope that every failure has. */
interface OwnAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

function failure(status: number, code: string, message: string, request: IncomingMessage): OwnAnswer {
  const given = request.headers['x-request-id']
  const requestId = typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID()
  const body = JSON.stringify({ success: false, code, message, request_id: requestId })
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(status === 503 && { 'retry-after': '1' }),
  }
  return { status, headers, body }
}

/** No process behind the origin takes the request. */
export function answerUnavailable(request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, headers, body } = failure(503, 'UNAVAILABLE', 'The service is not available right now. Try again in a moment.', request)
  response.writeHead(status, headers).end(body)
}

/** The same for a connection that was to become a WebSocket. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, status: 404 | 503): void {
  const [code, message] = status === 404 ? ['NOT_FOUND', 'There is no socket here.'] : ['UNAVAILABLE', 'No gateway is available right now.']
  const answer = failure(status, code, message, request)
  const headers = Object.entries({ ...answer.headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, '', answer.body].join('\r\n'))
}
