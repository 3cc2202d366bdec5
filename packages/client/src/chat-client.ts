import type { Message, SyncPage } from '@viatra-chat/contract'
import { createCatchUp, type CatchUp } from './catch-up.js'
import type { ChatClientOptions } from './chat-client-options.js'
import { asChatError, type ChatError } from './chat-error.js'
import { createEmitter, type ConnectionState, type Emitter } from './chat-events.js'
import { Connection } from './connection.js'
import { createKeeper } from './keeper.js'
import { createMarks, type Marks } from './marks.js'
import { MessageOrder } from './message-order.js'
import { createCall, type Call } from './rest.js'
import { Rooms } from './rooms.js'
import { SendQueue, type PendingSend, type SendInput, type SentMessage } from './send-queue.js'
import { createServerEvents, takeSyncPage } from './server-events.js'
import { createSessionToken, type SessionToken } from './session-token.js'
import { traced } from './trace.js'

/** One person on one device: made by {@link createChatClient}. */
export interface ChatClient {
  /** How the connection stands; `state` tells changes. */
  readonly state: ConnectionState
  /** Messages that are not acknowledged yet, oldest first. */
  readonly pending: readonly PendingSend[]
  /** Connects, and again whenever the connection is lost, until `close`. While it waits for the next attempt: tries at once. */
  connect(): void
  /** For good. What is not acknowledged is rejected with CLOSED; with a storage the next client sends it. */
  close(): void
  /** Listens to what the client tells; see {@link ChatEvents}. Gives the function that ends the listening. */
  on: Emitter['on']
  /** Calls an operation over REST. */
  call: Call
  /** Sends a message, now or as soon as there is a connection; in order within its conversation, stored once whatever happens on the way. */
  send(conversationId: string, input: SendInput): SentMessage
  /**
   * Joins a conversation and stays joined over reconnects. Fulfilled with its newest seq once it is joined: every message beyond that one comes
   * as `message`. With `afterSeq`, the newest message that the application has, every message beyond that one does.
   */
  join(conversationId: string, options?: { afterSeq?: number }): Promise<number>
  /** Hears of the conversation no longer, but for `conversation` news. Somebody who leaves the conversation itself calls `remove_participant`. */
  leave(conversationId: string): void
  /** Sent in batches and again until the server has it; refusals come as `error`. */
  markRead(conversationId: string, messageIds: readonly string[]): void
  /** As `markRead`; only needed without `autoDeliver`. */
  markDelivered(conversationId: string, messageIds: readonly string[]): void
  /** Tell it on every keystroke if that is easy: the server repeats it at most every 3 s, and ends it after 10 s. Nothing without a connection. */
  typing(conversationId: string, isTyping: boolean): void
}

// So that not every client of a gateway syncs at the same moment, however few milliseconds the server spread its word over.
const resyncWithinMs = 1000
// Screens that open one after the other share a sync.
const lateJoinSyncWithinMs = 500

/** A client for one person on one device. Nothing happens before `connect`. */
export function createChatClient(options: ChatClientOptions): ChatClient {
  return new Client(options)
}

class Client implements ChatClient {
  readonly #options: ChatClientOptions
  readonly #emitter = createEmitter()
  readonly #token: SessionToken
  readonly #ask: Connection['ask']
  readonly #connection: Connection
  readonly #order: MessageOrder
  readonly #rooms: Rooms
  readonly #queue: SendQueue
  readonly #marks: Marks
  readonly #catchUp: CatchUp
  readonly #keep: () => void
  readonly on = this.#emitter.on
  readonly call: Call
  #loading: Promise<void> | undefined

  constructor(options: ChatClientOptions) {
    const { emit } = this.#emitter
    const log = options.log ?? (() => undefined)
    const url = options.url.replace(/\/+$/, '')
    const onError = (error: ChatError) => emit('error', error)
    const onRemoved = (conversationId: string) => this.#dropConversation(conversationId)
    this.#options = options
    this.#keep = createKeeper(options.storage, () => ({ queue: this.#queue.pending(), syncToken: this.#catchUp.token }), onError)
    this.#token = createSessionToken(options.getToken)
    const call = (this.call = traced('call', createCall({ url, token: this.#token }), options.trace))
    this.#connection = new Connection({
      url: options.socketUrl ?? url,
      transports: options.transports ?? ['websocket'],
      token: this.#token,
      ackTimeoutMs: options.ackTimeoutMs ?? 10_000,
      backOff: options.backOff ?? { firstMs: 500, maxMs: 15_000 },
      log,
      onState: (state) => this.#follow(state),
      onEvent(event, payload) {
        options.trace?.({ kind: 'event', name: event, payload })
        takeEvent(event, payload)
      },
      onError,
    })
    const { isOnline } = this.#connection
    const ask = (this.#ask = traced('ask', this.#connection.ask, options.trace))
    const onTooFar = (conversationId: string) => emit('reset', { kind: 'conversation', conversationId })
    const order = (this.#order = new MessageOrder({ call, deliver: (message) => this.#deliver(message), onTooFar, isOnline, log }))
    this.#rooms = new Rooms({ ask, isOnline, order, onRefused: onError })
    this.#marks = createMarks({ ask, isOnline, onRefused: onError })
    const onChange = () => this.#followQueue()
    this.#queue = new SendQueue({ ask, isOnline, queueMax: options.queueMax ?? 500, onChange, onSent: order.offer })
    const onPage = (page: SyncPage) => takeSyncPage(page, { emit, order, onRemoved })
    const onReset = (page: SyncPage, isFirst: boolean) => this.#startAnew(page, isFirst)
    const everyMs = options.syncEveryMs ?? 600_000
    this.#catchUp = createCatchUp({ call, isOnline, onPage, onReset, onDone: order.release, onToken: this.#keep, everyMs, log })
    const takeEvent = createServerEvents({ emit, order, onRemoved, onResync: () => this.#catchUp.soon(resyncWithinMs) })
  }

  get state(): ConnectionState {
    return this.#connection.state
  }

  get pending(): readonly PendingSend[] {
    return this.#queue.pending()
  }

  connect(): void {
    this.#loading ??= this.#load()
    void this.#loading.then(this.#connection.open)
  }

  close(): void {
    this.#connection.close()
    this.#marks.stop()
    this.#catchUp.stop()
    this.#rooms.close()
    this.#queue.close()
  }

  send(conversationId: string, input: SendInput): SentMessage {
    return this.#queue.push(conversationId, input)
  }

  join(conversationId: string, { afterSeq }: { afterSeq?: number } = {}): Promise<number> {
    const joined = this.#rooms.join(conversationId, afterSeq)
    // What was deleted or read before the join is told to nobody outside of the room; who keeps messages learns it from a sync.
    if (afterSeq !== undefined) joined.then(() => this.#catchUp.soon(lateJoinSyncWithinMs)).catch(() => undefined)
    return joined
  }

  leave(conversationId: string): void {
    this.#rooms.leave(conversationId)
  }

  markRead(conversationId: string, messageIds: readonly string[]): void {
    this.#marks.add('mark_read', conversationId, messageIds)
  }

  markDelivered(conversationId: string, messageIds: readonly string[]): void {
    this.#marks.add('mark_delivered', conversationId, messageIds)
  }

  typing(conversationId: string, isTyping: boolean): void {
    this.#ask(isTyping ? 'typing_start' : 'typing_stop', { conversationId }).catch(() => undefined)
  }

  async #load(): Promise<void> {
    try {
      const kept = await this.#options.storage?.load()
      if (!kept) return
      this.#catchUp.restore(kept.syncToken)
      this.#queue.restore(kept.queue, (error) => this.#emitter.emit('error', error))
    } catch (error) {
      this.#emitter.emit('error', asChatError(error, 'STORAGE'))
    }
  }

  #follow(state: ConnectionState): void {
    if (state === 'offline') this.#order.hold()
    if (state === 'online') void this.#resume()
    this.#emitter.emit('state', state)
  }

  async #resume(): Promise<void> {
    this.#queue.pump()
    this.#marks.flush()
    // Joined first: what is stored after the sync has read is heard.
    await this.#rooms.joinAll()
    await this.#catchUp.run()
  }

  #deliver(message: Message): void {
    this.#emitter.emit('message', message)
    const me = this.#token.userId()
    const isNews = message.sender_id !== me && !message.delivered_to.some((userId) => userId === me)
    if (isNews && this.#options.autoDeliver !== false) this.markDelivered(message.conversation_id, [message.id])
  }

  #startAnew(page: SyncPage, isFirst: boolean): void {
    if (!isFirst) {
      this.#order.restart()
      this.#emitter.emit('reset', { kind: 'everything', conversations: page.conversations })
    }
    // What was stored between the joins and this sync is in no later sync. Joining again tells how far each conversation is.
    void this.#rooms.joinAll()
  }

  #dropConversation(conversationId: string): void {
    this.#rooms.leave(conversationId)
    this.#emitter.emit('conversation_removed', { conversationId })
  }

  #followQueue(): void {
    this.#emitter.emit('pending', this.#queue.pending())
    this.#keep()
  }
}
