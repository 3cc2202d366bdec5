import { connect, type Socket } from 'node:net'
import { eventually } from '@viatra-chat/testkit'

/** A TCP connection to a service, which says what no HTTP client says. */
export interface RawHttp {
  readonly socket: Socket
  /** Everything that came so far. */
  heard(): string
  write(text: string): void
  /** Waits until the other side has closed it; gives everything that came. */
  closed(timeoutMs?: number): Promise<string>
  end(): void
}

export async function openHttp(url: string): Promise<RawHttp> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  let isClosed = false
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('close', () => (isClosed = true))
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const heard = () => Buffer.concat(chunks).toString()
  return {
    socket,
    heard,
    write: (text) => void socket.write(text),
    closed: (timeoutMs) =>
      eventually(() => {
        if (!isClosed) throw new Error(`the connection is open; heard: ${heard().slice(0, 300)}`)
        return heard()
      }, timeoutMs),
    end: () => socket.destroy(),
  }
}

/** The status of each answer in a stream of them. */
export const statusesIn = (heard: string): number[] => [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
