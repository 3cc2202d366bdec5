import { eventually } from '@viatra-chat/testkit'
import { WebSocket } from 'ws'

/** A WebSocket that speaks engine.io by hand. */
export interface RawSocket {
  /** Everything that came and was not taken yet, in order, but for the server's pings, which are answered. */
  readonly frames: string[]
  send(frame: string): void
  /** Waits for a frame that fits and takes it out; on failure tells what came instead. */
  take(problemOf: (frame: string) => string | undefined): Promise<string>
  ended(): Promise<void>
  close(): void
}

/** Connects as the mobile clients do: WebSocket at once, no Origin. */
export async function openRaw(gateway: string): Promise<RawSocket> {
  const socket = new WebSocket(`${gateway.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const frames: string[] = []
  socket.on('message', (data: Buffer) => {
    const frame = data.toString()
    if (frame === '2') socket.send('3')
    else frames.push(frame)
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return {
    frames,
    send: (frame) => socket.send(frame),
    take: (problemOf) =>
      eventually(() => {
        const problems = frames.map(problemOf)
        const at = problems.indexOf(undefined)
        const [frame] = at < 0 ? [] : frames.splice(at, 1)
        if (frame === undefined)
          throw new Error(`came: ${frames.map((one, i) => `${one.slice(0, 300)} (${problems[i]})`).join('\n') || 'nothing'}`)
        return frame
      }),
    ended: () =>
      eventually(() => {
        if (socket.readyState !== WebSocket.CLOSED) throw new Error('the connection is open')
      }),
    close: () => socket.terminate(),
  }
}
