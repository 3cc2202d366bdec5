import type { Gateway } from './gateway.js'
import type { GatewaySocket } from './socket-types.js'

const checkIntervalMs = 500
const queuedPacketsMax = 1000
// What is on its way to the kernel comes on top: at most as much again, since it was this queue before.
const queuedBytesMax = 1024 * 1024

/**
 * Closes connections that do not read what they are sent: one stalled phone would otherwise fill the memory of everybody's gateway.
 * The client reconnects by itself and syncs what it missed.
 */
export function watchSlowConsumers(gateway: Gateway): { stop(): void } {
  const timer = setInterval(() => {
    for (const { socket } of gateway.connections.values()) if (isTooSlow(socket)) cutOff(gateway, socket)
  }, checkIntervalMs)
  return { stop: () => clearInterval(timer) }
}

function isTooSlow(socket: GatewaySocket): boolean {
  const queue = queueOf(socket)
  if (queue.length > queuedPacketsMax) return true
  return queue.length > 1 && queue.reduce((bytes, packet) => bytes + (packet.data?.length ?? 0), 0) > queuedBytesMax
}

function cutOff(gateway: Gateway, socket: GatewaySocket): void {
  gateway.measures.slowConsumers(1)
  gateway.log.info({ connectionId: socket.id, queued: queueOf(socket).length }, 'closed a connection that does not read')
  const { transport } = socket.conn
  socket.conn.close(true)
  terminate(transport)
}

/**
 * A WebSocket that is closed waits 30 s for the other side, and keeps what that has not read: whoever comes back again and again would
 * fill the memory after all. Engine.IO has no other way to it.
 */
function terminate(transport: object): void {
  const webSocket: unknown = Reflect.get(transport, 'socket')
  if (isTerminable(webSocket)) webSocket.terminate()
}

function isTerminable(value: unknown): value is { terminate(): void } {
  return typeof value === 'object' && value !== null && 'terminate' in value && typeof value.terminate === 'function'
}

type Packet = { data?: string | Buffer }

// Engine.IO keeps what waits for the transport here; it has no public measure of it.
function queueOf({ conn }: GatewaySocket): readonly Packet[] {
  const queue: unknown = Reflect.get(conn, 'writeBuffer')
  return Array.isArray(queue) ? (queue as Packet[]) : []
}
