import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Refusal, toFailure } from '@viatra-chat/chat'

// Descriptors for the stores, for requests about health and metrics, and for files.
const otherDescriptors = 1000
const connectionsMin = 100
const retryAfterS = 5

/**
 * How many connections the descriptors of this process bear; undefined where the system does not say. One more would not be answered at all, and
 * whoever asks about its health neither.
 */
export function readDescriptorCapacity(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? undefined : Math.max(connectionsMin, Number(soft) - otherDescriptors)
  } catch {
    return undefined
  }
}

/**
 * Answers a handshake that there is no room for. On the connection itself: Engine.IO has no words for it, and whoever balances load is to
 * understand that another gateway may have room.
 */
export function answerFull({ socket }: IncomingMessage): void {
  const body = JSON.stringify(toFailure(new Refusal('UNAVAILABLE', { retryAfterS }), randomUUID()))
  const headers = [
    'HTTP/1.1 503 Service Unavailable',
    `Retry-After: ${retryAfterS}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  socket.on('error', () => undefined)
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`)
}
