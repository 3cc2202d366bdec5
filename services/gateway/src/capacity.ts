import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Refusal, toFailure } from '@viatra-chat/chat'

// Descriptors for the stores, for requests about health and metrics, and for files; of few descriptors, half.
const reserveMax = 1000
const spareOpen = 500
const retryAfterS = 5

/** What a gateway bears. */
export interface Capacity {
  /** Connections of Socket.IO. */
  sockets: number
  /** TCP connections in all, those that are no sockets yet and those that ask about health. */
  open: number
}

/**
 * What is configured, else what the descriptors of this process allow: one more would not be answered at all, and whoever asks about its health
 * neither. Without bounds where the system does not say.
 */
export function readCapacity(configured: number | undefined): Capacity {
  if (configured !== undefined) return { sockets: configured, open: configured + spareOpen }
  const descriptors = readDescriptors()
  const reserve = Math.min(reserveMax, Math.floor(descriptors / 2))
  return { sockets: descriptors - reserve, open: descriptors - Math.floor(reserve / 2) }
}

function readDescriptors(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity
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
