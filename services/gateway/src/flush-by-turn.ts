import type { Socket as TcpSocket } from 'node:net'
import type { GatewaySocket } from './socket-types.js'

/** What is used of a connection of Engine.IO's. `flush` hands what waits to the transport; it is not among its public methods. */
interface EngineConnection {
  flush(): void
  readonly writeBuffer: readonly unknown[]
  /** Of a WebSocket: the one of `ws`, which has the TCP socket that it writes to. */
  readonly transport: { readonly socket?: { readonly _socket?: TcpSocket } }
}

/**
 * Lets connections write what one turn of the event loop brought them at its end and in one system call, which is half of what a delivery costs:
 * Engine.IO writes each packet by itself. Events of a busy conversation come several at once, and so do answers of sends that were stored together.
 * @returns what attends to one more socket.
 */
export function createTurnFlusher(): (socket: GatewaySocket) => void {
  let waiting = new Set<EngineConnection>()

  function flushLater(this: EngineConnection): void {
    if (waiting.size === 0) setImmediate(flushAll)
    waiting.add(this)
  }

  function flushAll(): void {
    const connections = waiting
    waiting = new Set()
    for (const connection of connections) flushNow(connection)
  }

  // One function for all of them: a gateway has many that are idle.
  return ({ conn }) => void Object.assign(conn, { flush: flushLater })
}

function flushNow(connection: EngineConnection): void {
  const { flush } = Object.getPrototypeOf(connection) as EngineConnection
  const tcp = connection.writeBuffer.length > 1 ? connection.transport.socket?._socket : undefined
  tcp?.cork()
  flush.call(connection)
  tcp?.uncork()
}
