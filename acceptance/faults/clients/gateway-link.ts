import type { Ack } from '@viatra-chat/testkit'
import { io, type Socket } from 'socket.io-client'
import type { Random } from '../random.js'

export interface GatewayLinkOptions {
  /** One address for each gateway. */
  urls: readonly string[]
  token: string
  /** Which gateway is tried first; after every loss the next one is. */
  first: number
  random: Random
  onConnect(): void
  onEvent(event: string, payload: unknown): void
}

const ackWithinMs = 4000
const backOffMaxMs = 800

/** A connection to some gateway that comes back elsewhere whenever it is lost, until it is closed. */
export class GatewayLink {
  #socket: Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #losses = 0
  #turn: number
  #isClosed = true
  readonly #options: GatewayLinkOptions

  constructor(options: GatewayLinkOptions) {
    this.#options = options
    this.#turn = options.first
  }

  get isConnected(): boolean {
    return this.#socket?.connected ?? false
  }

  /** Which gateway it is, or was last, connected to. */
  get gateway(): number {
    return this.#turn % this.#options.urls.length
  }

  open(): void {
    this.#isClosed = false
    this.#connect()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#socket?.close()
  }

  /** The acknowledgement; undefined when none came in time or there is no connection. */
  async ask(event: string, payload: object): Promise<Ack | undefined> {
    const socket = this.#socket
    if (!socket?.connected) return undefined
    return (socket.timeout(ackWithinMs).emitWithAck(event, payload) as Promise<Ack>).catch(() => undefined)
  }

  #connect(): void {
    const { urls, token, onConnect, onEvent } = this.#options
    const socket = io(urls[this.gateway] ?? '', {
      auth: { token },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      timeout: 3000,
    })
    this.#socket = socket
    socket.onAny(onEvent)
    socket.once('connect', () => {
      this.#losses = 0
      onConnect()
    })
    socket.once('disconnect', () => this.#lost(socket))
    socket.once('connect_error', () => this.#lost(socket))
  }

  #lost(socket: Socket): void {
    socket.close()
    if (this.#isClosed || this.#socket !== socket) return
    this.#turn++
    const backOffMs = Math.min(backOffMaxMs, 50 * 2 ** this.#losses++)
    this.#retry = setTimeout(() => this.#connect(), backOffMs * (0.5 + this.#options.random.next() / 2))
  }
}
