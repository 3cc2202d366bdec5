import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * What a proxy does with its connections, old and new:
 * `pass` forwards; `reset` ends them with RST; `refuse` resets the old ones and does not listen, as if the process were gone;
 * `blackhole` accepts and forwards nothing either way, as a network that swallows packets. What was held back goes on with `pass`.
 */
export type TcpProxyMode = 'pass' | 'reset' | 'refuse' | 'blackhole'

/** A line between two processes that a test can break. */
export interface TcpProxy {
  /** On 127.0.0.1; the same for its whole life. */
  readonly port: number
  mode(mode: TcpProxyMode): void
  /** Resets the connections of now; new ones are treated as the mode says. */
  cut(): void
  /** Once: when the target's next bytes fit, they are thrown away and their connection is reset: the request was taken, its answer is lost. */
  cutOnAnswer(fits: (bytes: Buffer) => boolean): void
  /** Once: when the target's next bytes fit, they are thrown away and the connection goes on, as if the target had never said it. */
  swallowAnswer(fits: (bytes: Buffer) => boolean): void
  close(): Promise<void>
}

interface Line {
  client: Socket
  target: Socket
}

interface Ambush {
  fits: (bytes: Buffer) => boolean
  cuts: boolean
}

/** Listens on a port of its own and forwards to a target, which is read anew for each connection: changing it moves the new ones. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const lines = new Set<Line>()
  let mode: TcpProxyMode = 'pass'
  let ambush: Ambush | undefined

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (mode === 'reset') return void client.on('error', ignore).resetAndDestroy()
    const line = { client, target: connect({ ...target, allowHalfOpen: true }) }
    lines.add(line)
    forward(line.client, line.target, () => true)
    forward(line.target, line.client, (bytes) => {
      if (!ambush?.fits(bytes)) return true
      if (ambush.cuts) reset(line)
      ambush = undefined
      return false
    })
    for (const socket of [line.client, line.target]) socket.once('close', () => lines.delete(line))
    if (mode === 'blackhole') hold(line)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = () => lines.forEach(reset)

  return {
    port,
    cut,
    cutOnAnswer: (fits) => (ambush = { fits, cuts: true }),
    swallowAnswer: (fits) => (ambush = { fits, cuts: false }),
    mode(next) {
      mode = next
      if (next === 'refuse') server.close()
      else if (!server.listening) server.listen(port, '127.0.0.1')
      if (next === 'reset' || next === 'refuse') cut()
      else lines.forEach(next === 'blackhole' ? hold : release)
    },
    async close() {
      cut()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

const ignore = () => undefined

function forward(from: Socket, to: Socket, isWanted: (bytes: Buffer) => boolean): void {
  from.on('data', (bytes) => {
    if (isWanted(bytes) && !to.write(bytes)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.once('end', () => to.end())
  from.on('error', ignore)
  from.once('close', () => to.destroy())
}

function reset({ client, target }: Line): void {
  client.resetAndDestroy()
  target.resetAndDestroy()
}

function hold({ client, target }: Line): void {
  client.pause()
  target.pause()
}

function release({ client, target }: Line): void {
  client.resume()
  target.resume()
}
