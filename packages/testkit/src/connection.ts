import type { EventName, EventPayload, Failure } from '@viatra-chat/contract'
import { io, type Socket } from 'socket.io-client'
import { eventually } from './eventually.js'

/** An acknowledgement: the envelope of REST. */
export type Ack = { success: true; data?: Record<string, unknown>; message?: string; request_id: string } | Failure

export interface Heard {
  event: string
  payload: unknown
  /** Everything that came with the event, an acknowledgement that it asks for too. */
  args: readonly unknown[]
}

/** One socket of a person, with everything it heard in order. */
export interface Connection {
  readonly socket: Socket
  readonly heard: readonly Heard[]
  /** Sends an event and gives its acknowledgement. */
  ask(event: string, ...args: unknown[]): Promise<Ack>
  /** The data of a success; a failure is thrown with its code. */
  get(event: string, payload?: unknown): Promise<Record<string, unknown>>
  /** The code of a refusal; a success is thrown. */
  refused(event: string, payload?: unknown): Promise<string>
  /** What was heard so far, in order, without the comings and goings of people (`user_online`, `user_offline`). */
  told(): [event: string, payload: unknown][]
  /** Payloads of one event so far, in order. */
  seen<N extends EventName>(event: N): EventPayload<N>[]
  /** Waits for the first payload of an event that fits. */
  hears<N extends EventName>(event: N, fits?: (payload: EventPayload<N>) => boolean): Promise<EventPayload<N>>
  /** A round trip, answered once the connection hears everything that its person should. What was written to it before has arrived by then. */
  settled(): Promise<void>
  /** Waits until the gateway has ended the connection. */
  ended(): Promise<void>
  forget(): void
  /** Takes what fits out of what was heard; throws when there is nothing. */
  drop(fits: (heard: Heard) => boolean): void
  close(): void
}

/** Opens a connection to a gateway; rejects with the connect_error when the handshake is refused. */
export async function connect(url: string, auth: Record<string, unknown>, extraHeaders: Record<string, string> = {}): Promise<Connection> {
  const socket = io(url, { auth, extraHeaders, transports: ['websocket'], forceNew: true, reconnection: false })
  const heard: Heard[] = []
  socket.onAny((event: string, ...args: unknown[]) => heard.push({ event, payload: args[0], args }))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', (error) => {
      socket.close()
      reject(error)
    })
  })
  return toConnection(socket, heard)
}

const presenceEvents = new Set(['user_online', 'user_offline'])

function toConnection(socket: Socket, heard: Heard[]): Connection {
  const ask = (event: string, ...args: unknown[]) => socket.timeout(20_000).emitWithAck(event, ...args) as Promise<Ack>
  const seen = <N extends EventName>(event: N) =>
    heard.filter((item) => item.event === event).map((item) => item.payload as EventPayload<N>)
  return {
    socket,
    heard,
    ask,
    seen,
    told: () => heard.filter(({ event }) => !presenceEvents.has(event)).map(({ event, payload }) => [event, payload]),
    get: async (event, payload) => {
      const ack = await ask(event, payload)
      if (!ack.success) throw new Error(`${event} was refused: ${JSON.stringify(ack)}`)
      return ack.data ?? {}
    },
    refused: async (event, payload) => {
      const ack = await ask(event, payload)
      if (ack.success) throw new Error(`${event} was not refused: ${JSON.stringify(ack)}`)
      return ack.code
    },
    hears: (event, fits = () => true) =>
      eventually(() => {
        const found = seen(event).find(fits)
        if (!found) throw new Error(`${event} was not heard; heard: ${heard.map((item) => item.event).join(', ') || 'nothing'}`)
        return found
      }),
    settled: async () => void (await ask('leave_conversation', null)),
    ended: () =>
      eventually(() => {
        if (socket.connected) throw new Error('the connection is open')
      }),
    forget: () => heard.splice(0),
    drop(fits) {
      const kept = heard.filter((item) => !fits(item))
      if (kept.length === heard.length) throw new Error('not heard yet')
      heard.splice(0, heard.length, ...kept)
    },
    close: () => socket.close(),
  }
}
