import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal, toFailure } from '@viatra-chat/chat'

/** Answers what is no HTTP, too slow or too large to become a request, as far as the connection still takes an answer. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const { status, message } = verdicts[error.code ?? ''] ?? { status: 400, message: 'This is not a valid HTTP request.' }
  const requestId = randomUUID()
  const body = JSON.stringify(toFailure(new Refusal('VALIDATION_ERROR', { message }), requestId))
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headersFor(body, requestId), '', body].join('\r\n'))
  socket.destroySoon()
}

const verdicts: Partial<Record<string, { status: number; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request took too long to arrive.' },
}

function headersFor(body: string, requestId: string): string[] {
  return [
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
  ]
}
