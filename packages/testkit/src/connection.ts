import type { EventName, EventPayload, Failure } from '@viatra-chat/contract'
import { io, type Socket } from 'socket.io-client'
import { eventually } from './eventually.js'

/** An acknowledgement: the envelope of REST. */
export type Ack = { success: true; data?: Record<string, unknown>; message?: string; request_id: string } | Failure

export interface Heard {
  event: string
  payload: unknown
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
  /** Payloads of one event so far, in order. */
  seen<N extends EventName>(event: N): EventPayload<N>[]
  /** Waits for the first payload of an event that fits. */
  hears<N extends EventName>(event: N, fits?: (payload: EventPayload<N>) => boolean): Promise<EventPayload<N>>
  /** A round trip: whatever was published to this socket before has arrived after it. */
  settled(): Promise<void>
  forget(): void
  close(): void
}

/** Opens a connection to a gateway; rejects with the connect_error when the handshake is refused. */
export async function connect(url: string, auth: Record<string, unknown>, extraHeaders: Record<string, string> = {}): Promise<Connection> {
  const socket = io(url, { auth, extraHeaders, transports: ['websocket'], forceNew: true, reconnection: false })
  const heard: Heard[] = []
  socket.onAny((event: string, payload: unknown) => heard.push({ event, payload }))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', (error) => {
      socket.close()
      reject(error)
    })
  })
  return toConnection(socket, heard)
}

function toConnection(socket: Socket, heard: Heard[]): Connection {
  const ask = (event: string, ...args: unknown[]) => socket.timeout(8000).emitWithAck(event, ...args) as Promise<Ack>
  const seen = <N extends EventName>(event: N) => heard.filter((item) => item.event === event).map((item) => item.payload as EventPayload<N>)
  return {
    socket,
    heard,
    ask,
    seen,
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
    settled: async () => void (await ask('a_question_without_answer')),
    forget: () => heard.splice(0),
    close: () => socket.close(),
  }
}
