import type { Server as HttpServer } from 'node:http'
import { bounds } from '@viatra-chat/contract'
import type { Config } from '@viatra-chat/runtime'
import { Server, type ServerOptions } from 'socket.io'
import { Decoder } from 'socket.io-parser'
import { allowHandshake } from './allow-handshake.js'
import { readCapacity } from './capacity.js'
import type { AddressBook } from './connection-caps.js'
import { guardSessions } from './guard-sessions.js'
import type { GuardedAdapter } from './guarded-adapter.js'
import type { GatewayMeasures } from './metrics.js'
import { PacketEncoder } from './packet-encoder.js'
import { watchPackets } from './packet-guard.js'
import type { GatewayServer } from './socket-types.js'
import { leaveFrames } from './written-frames.js'

interface SocketServerParts {
  adapter: GuardedAdapter
  addresses: AddressBook
  measures: GatewayMeasures
}

/** Socket.IO at `/socket.io` of the HTTP server. */
export function createSocketServer(
  httpServer: HttpServer,
  config: Config,
  { adapter, addresses, measures }: SocketServerParts,
): GatewayServer {
  const { transports, pingTimeoutMs, pingIntervalMs } = config.socket
  const capacity = readCapacity(config.socket.connectionsMax)
  if (Number.isFinite(capacity.open)) httpServer.maxConnections = capacity.open
  const io: GatewayServer = new Server(httpServer, {
    adapter: adapter.create as NonNullable<ServerOptions['adapter']>,
    transports: [...transports],
    parser: { Encoder: PacketEncoder, Decoder },
    serveClient: false,
    // Compression costs each idle socket some 200 KB and mixes secrets with chosen text.
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: bounds.packetBytesMax,
    pingTimeout: pingTimeoutMs,
    pingInterval: pingIntervalMs,
    connectTimeout: 10_000,
    allowRequest: allowHandshake({
      origins: config.corsOrigins,
      addresses,
      isFull: () => io.engine.clientsCount >= capacity.sockets,
      measures,
    }),
    ...(transports.includes('polling') && { cors: toCors(config.corsOrigins) }),
  })
  leaveFrames(io)
  guardSessions(io)
  addresses.watch(io)
  watchPackets(io, config.rateLimitMultiplier)
  return io
}

const toCors = (origins: readonly string[]) => ({ origin: origins.includes('*') ? '*' : [...origins], methods: ['GET', 'POST'] })
