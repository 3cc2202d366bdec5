import type { Failure } from '@viatra-chat/contract'
import { io, type Socket } from 'socket.io-client'
import { createBackOff, type BackOff } from './back-off.js'
import { asChatError, ChatError, fromFailure, type ChatErrorCode } from './chat-error.js'
import type { ConnectionState } from './chat-events.js'
import type { SessionToken } from './session-token.js'
import { keepAlive } from './session-renewal.js'

export interface ConnectionOptions {
  url: string
  transports: ('websocket' | 'polling')[]
  token: SessionToken
  ackTimeoutMs: number
  backOff: { firstMs: number; maxMs: number }
  log: (line: string) => void
  onState: (state: ConnectionState) => void
  onEvent: (event: string, payload: unknown) => void
  onError: (error: ChatError) => void
}

const attemptTimeoutMs = 10_000
// A server that ends connections soon after it took them must not be asked without pause.
const stableAfterMs = 10_000

/**
 * One connection after the other: offline → connecting → online → offline → …, closed from each of them.
 * Reconnecting is ours and not socket.io-client's: that one gives up when the server disconnects or refuses, which is when a new token helps.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #backOff: BackOff
  readonly #renewal: ReturnType<typeof keepAlive>
  #state: ConnectionState = 'offline'
  #timer: ReturnType<typeof setTimeout> | undefined
  #attempt = 0
  #onlineAt = 0
  #heardAt = 0

  constructor(options: ConnectionOptions) {
    const { url, transports, token, onError, onEvent } = options
    this.#options = options
    this.#backOff = createBackOff(options.backOff)
    this.#renewal = keepAlive({ token, ask: this.ask, isOnline: this.isOnline, onError })
    this.#socket = io(url, { transports, reconnection: false, autoConnect: false, forceNew: true })
    this.#socket.on('connect', () => this.#succeed())
    this.#socket.on('connect_error', (error) => this.#fail(toConnectError(error)))
    this.#socket.on('disconnect', (reason) => this.#lose(reason))
    this.#socket.onAny((event: string, payload: unknown) => onEvent(event, payload))
  }

  get state(): ConnectionState {
    return this.#state
  }

  readonly isOnline = () => this.#state === 'online'

  /** Connects now, whatever wait is left. */
  readonly open = (): void => {
    if (this.#state !== 'offline') return
    clearTimeout(this.#timer)
    const attempt = ++this.#attempt
    this.#become('connecting')
    this.#timer = setTimeout(() => this.#fail(new ChatError('NO_ANSWER', 'The connection was not made in time.')), attemptTimeoutMs)
    this.#options.token.renew().then(
      (token) => attempt === this.#attempt && this.#start(token),
      (error: unknown) => attempt === this.#attempt && this.#fail(asChatError(error, 'NO_TOKEN')),
    )
  }

  close(): void {
    this.#become('closed')
    this.#attempt++
    clearTimeout(this.#timer)
    this.#renewal.stop()
    this.#socket.disconnect()
  }

  /** Sends an event; gives the data of its acknowledgement. Rejects with a ChatError, OFFLINE or NO_ANSWER among them. */
  readonly ask = async (event: string, payload: unknown): Promise<unknown> => {
    if (!this.isOnline()) throw new ChatError('OFFLINE', 'There is no connection.')
    const askedAt = performance.now()
    const ack = await acknowledged(this.#socket, this.#options.ackTimeoutMs, event, payload).catch(() => undefined)
    if (ack?.success) return ack.data
    if (ack) throw fromFailure(ack)
    if (this.isOnline() && this.#heardAt < askedAt) {
      this.#options.log(`no answer to ${event} and no sign of life: connecting anew`)
      this.#retire()
    }
    throw new ChatError('NO_ANSWER', `${event} was not answered.`)
  }

  #become(state: ConnectionState): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    this.#options.onState(state)
  }

  #start(token: string): void {
    this.#socket.auth = { token }
    this.#socket.connect()
  }

  #succeed(): void {
    if (this.#state !== 'connecting') return
    clearTimeout(this.#timer)
    this.#heardAt = this.#onlineAt = performance.now()
    // Pings count as well: they show that the line is alive.
    this.#socket.io.engine.on('packet', () => (this.#heardAt = performance.now()))
    this.#renewal.plan()
    this.#become('online')
  }

  #fail(error: ChatError): void {
    if (this.#state !== 'connecting') return
    this.#options.log(`connecting failed: ${error.code} ${error.message}`)
    if (error.code !== 'NETWORK' && error.code !== 'NO_ANSWER') this.#options.onError(error)
    this.#retire()
  }

  #lose(reason: string): void {
    if (!this.isOnline()) return
    this.#options.log(`disconnected: ${reason}`)
    this.#retire()
  }

  /** Ends what there is and plans the next attempt. */
  #retire(): void {
    if (this.isOnline() && performance.now() - this.#onlineAt > stableAfterMs) this.#backOff.reset()
    this.#attempt++
    clearTimeout(this.#timer)
    this.#become('offline')
    this.#socket.disconnect()
    if (this.#state === 'offline') this.#timer = setTimeout(this.open, this.#backOff.next())
  }
}

type Ack = { success: true; data?: unknown } | Failure

const acknowledged = (socket: Socket, timeoutMs: number, event: string, payload: unknown) =>
  socket.timeout(timeoutMs).emitWithAck(event, payload) as Promise<Ack>

/** A refused handshake carries a code of the contract; anything else is the network's. */
function toConnectError(error: Error & { data?: { code?: ChatErrorCode } }): ChatError {
  return new ChatError(error.data?.code ?? 'NETWORK', error.message, { cause: error })
}
