import type { Message, OperationInput } from '@viatra-chat/contract'
import { asChatError, ChatError, isPassing } from './chat-error.js'
import type { PlainIds } from './rest.js'

/** What is to be sent; a `text` message unless `message_type` says otherwise. */
export type SendInput = PlainIds<Omit<OperationInput<'send_message'>, 'conversation_id' | 'client_message_id'>>

/** A message that is not acknowledged yet. */
export interface PendingSend {
  /** Made by the client; the message has it as `client_message_id`. */
  clientMessageId: string
  /** Where it goes. */
  conversationId: string
  /** What is sent. */
  input: SendInput
}

/** What `send` gives at once. */
export interface SentMessage {
  /** Finds the message in `pending` and, as `client_message_id`, among those stored. */
  clientMessageId: string
  /** Fulfilled when the server has stored it; rejected when it refuses. May be ignored. */
  sent: Promise<Message>
}

export interface SendQueueOptions {
  ask: (event: string, payload: unknown) => Promise<unknown>
  isOnline: () => boolean
  queueMax: number
  onChange: () => void
  onSent: (message: Message) => void
}

interface Waiting extends PendingSend {
  resolve: (message: Message) => void
  reject: (error: ChatError) => void
  faults: number
}

const conversationsAtOnceMax = 8
// A fault of the server may be of the moment; one that stays must not block what comes after it.
const faultsMax = 3
// A packet over 128 KiB closes the connection, so that it could never be refused.
const sendBytesMax = 127 * 1024

/** Sends in order: one message of a conversation at a time, again with the same id until the server has stored or refused it. */
export class SendQueue {
  readonly #options: SendQueueOptions
  readonly #waiting: Waiting[] = []
  readonly #busy = new Set<string>()
  #pause: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(options: SendQueueOptions) {
    this.#options = options
  }

  push(conversationId: string, input: SendInput): SentMessage {
    const pending = { clientMessageId: newClientMessageId(), conversationId, input }
    const refusal = this.#isClosed ? closedError() : reasonNotToQueue(pending, this.#waiting.length >= this.#options.queueMax)
    const sent = new Promise<Message>((resolve, reject) => {
      if (refusal) reject(refusal)
      else this.#waiting.push({ ...pending, resolve, reject, faults: 0 })
    })
    // Whoever does not look at it has the queue to look at: an ignored refusal must not end a process.
    sent.catch(() => undefined)
    if (!refusal) this.#options.onChange()
    this.pump()
    return { clientMessageId: pending.clientMessageId, sent }
  }

  /** Puts what an earlier run left before everything else. */
  restore(pending: readonly PendingSend[], onRefused: (error: ChatError) => void): void {
    this.#waiting.unshift(...pending.map((send) => ({ ...send, resolve: () => undefined, reject: onRefused, faults: 0 })))
    if (pending.length > 0) this.#options.onChange()
  }

  pending(): PendingSend[] {
    return this.#waiting.map(({ clientMessageId, conversationId, input }) => ({ clientMessageId, conversationId, input }))
  }

  /** Sends what may be sent now. */
  pump(): void {
    if (this.#pause !== undefined || this.#isClosed || !this.#options.isOnline()) return
    for (const send of [...this.#waiting]) {
      if (this.#busy.size >= conversationsAtOnceMax) return
      if (!this.#busy.has(send.conversationId)) void this.#transmit(send)
    }
  }

  /** What waits stays listed: a save that is under way keeps it for the next run. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#pause)
    for (const { reject } of this.#waiting) reject(closedError())
  }

  async #transmit(send: Waiting): Promise<void> {
    this.#busy.add(send.conversationId)
    try {
      const message = (await this.#options.ask('send_message', toPayload(send))) as Message
      if (this.#settle(send)) send.resolve(message)
      this.#options.onSent(message)
    } catch (error) {
      this.#giveUpOrWait(send, asChatError(error, 'INTERNAL'))
    } finally {
      this.#busy.delete(send.conversationId)
      this.pump()
    }
  }

  #giveUpOrWait(send: Waiting, error: ChatError): void {
    const isTransient = error.code === 'INTERNAL' && ++send.faults < faultsMax
    if (!isPassing(error) && !isTransient) return void (this.#settle(send) && send.reject(error))
    if (error.code === 'OFFLINE' || error.code === 'NO_ANSWER' || this.#isClosed) return
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => this.#resume(), (error.retryAfterS ?? 1) * 1000 * (1 + Math.random() * 0.2))
  }

  #resume(): void {
    this.#pause = undefined
    this.pump()
  }

  /** False when it was settled before. */
  #settle(send: Waiting): boolean {
    const at = this.#waiting.indexOf(send)
    if (at < 0) return false
    this.#waiting.splice(at, 1)
    this.#options.onChange()
    return true
  }
}

function toPayload({ conversationId, clientMessageId, input }: PendingSend): object {
  return { message_type: 'text', ...input, conversationId, client_message_id: clientMessageId }
}

function reasonNotToQueue(send: PendingSend, isFull: boolean): ChatError | undefined {
  if (isFull) return new ChatError('QUEUE_FULL', 'Too many messages wait to be sent.')
  const bytes = new TextEncoder().encode(JSON.stringify(toPayload(send))).length
  return bytes > sendBytesMax ? new ChatError('PAYLOAD_TOO_LARGE', 'The message is larger than 128 KiB.') : undefined
}

const closedError = () => new ChatError('CLOSED', 'The client is closed.')

// Not randomUUID: browsers have it on secure origins only.
const newClientMessageId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
