import { once } from 'node:events'
import { eventually } from '@viatra-chat/testkit'
import { WebSocket, type ClientOptions } from 'ws'

/** A WebSocket that sends whatever it is told to, with no client library to keep it from nonsense. It answers heartbeats. */
export interface RawSocket {
  readonly socket: WebSocket
  /** All text that came. */
  readonly received: string[]
  send(...packets: (string | Buffer)[]): void
  /** Waits for a text that fits. */
  receives(pattern: RegExp): Promise<string>
  /** Waits until the other side has closed it; gives the code. */
  closed(timeoutMs?: number): Promise<number>
  end(): void
}

/** Opens a connection to a gateway without connecting to a namespace. */
export async function openRaw(gateway: string, { query = '', ...options }: ClientOptions & { query?: string } = {}): Promise<RawSocket> {
  const socket = new WebSocket(`${gateway.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket${query}`, options)
  const received: string[] = []
  let code: number | undefined
  socket.on('message', (data: Buffer) => {
    const text = data.toString()
    if (text === '2') socket.send('3')
    else received.push(text)
  })
  socket.on('close', (closedWith) => (code = closedWith))
  await once(socket, 'open')
  socket.on('error', () => undefined)
  return {
    socket,
    received,
    send: (...packets) => packets.forEach((packet) => socket.send(packet, () => undefined)),
    receives: (pattern) =>
      eventually(() => {
        const found = received.find((text) => pattern.test(text))
        if (found === undefined) throw new Error(`${String(pattern)} did not come; came: ${received.join(' | ').slice(0, 500)}`)
        return found
      }),
    closed: (timeoutMs) =>
      eventually(() => {
        if (code === undefined) throw new Error('the connection is open')
        return code
      }, timeoutMs),
    end: () => socket.terminate(),
  }
}

/** The same with a session of the token's person. */
export async function openSession(gateway: string, token: string, options?: ClientOptions): Promise<RawSocket> {
  const raw = await openRaw(gateway, options)
  raw.send(`40${JSON.stringify({ token })}`)
  await raw.receives(/^40/)
  return raw
}
