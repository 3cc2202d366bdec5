import type { Message } from '@viatra-chat/contract'
import { asChatError, isPassing } from './chat-error.js'
import { fetchGap, gapMax } from './gap.js'
import type { Call } from './rest.js'

export interface MessageOrderOptions {
  call: Call
  deliver: (message: Message) => void
  /** More was missed than is fetched message by message. */
  onTooFar: (conversationId: string) => void
  isOnline: () => boolean
  log: (line: string) => void
}

interface Sequence {
  lastSeq: number | undefined
  /** The highest seq known to exist. */
  targetSeq: number
  joinedSeq: number
  waiting: Map<number, Message>
  deleted: Set<string>
  repair: 'none' | 'planned' | 'running'
}

// Senders on different instances cross by milliseconds; most gaps close by themselves in this time.
const graceMs = 150
const repairAgainMs = 1000
const repairRefusedMs = 10_000
const waitingMax = 500

/** Makes of live events, acknowledgements, sync and history one sequence per joined conversation: each message once, in order of seq. */
export class MessageOrder {
  readonly #options: MessageOrderOptions
  readonly #sequences = new Map<string, Sequence>()
  #isHeld = true

  constructor(options: MessageOrderOptions) {
    this.#options = options
  }

  /** Begins a conversation, or goes on with it. `afterSeq`: the newest message that the application has. */
  begin(conversationId: string, afterSeq: number | undefined): void {
    if (!this.has(conversationId)) this.#sequences.set(conversationId, newSequence(afterSeq))
  }

  end(conversationId: string): void {
    this.#sequences.delete(conversationId)
  }

  has(conversationId: string): boolean {
    return this.#sequences.has(conversationId)
  }

  /** The newest delivered seq; undefined before the first join was answered. */
  seqOf(conversationId: string): number | undefined {
    return this.#sequences.get(conversationId)?.lastSeq
  }

  /** The join was answered; `seqWhenAsked` is `seqOf` of the moment it was asked. */
  joined(conversationId: string, joinedSeq: number, seqWhenAsked: number | undefined): void {
    const sequence = this.#sequences.get(conversationId)
    if (!sequence) return
    if (seqWhenAsked !== undefined && joinedSeq < seqWhenAsked) goBack(sequence, joinedSeq)
    sequence.lastSeq ??= joinedSeq
    sequence.joinedSeq = joinedSeq
    sequence.targetSeq = Math.max(joinedSeq, sequence.targetSeq)
    this.#advance(conversationId, sequence)
  }

  /** Takes a message from anywhere, also repeated, early or late. A deleted one counts and is not delivered. */
  readonly offer = (message: Message): void => {
    const sequence = this.#sequences.get(message.conversation_id)
    const lastSeq = sequence?.lastSeq ?? 0
    if (!sequence || message.seq <= lastSeq) return
    sequence.targetSeq = Math.max(sequence.targetSeq, message.seq)
    // The lowest are kept: they are the next to be delivered. The others are fetched again.
    if (sequence.waiting.size < waitingMax || message.seq === lastSeq + 1) sequence.waiting.set(message.seq, message)
    this.#advance(message.conversation_id, sequence)
  }

  /** A message is gone: if it waits, it is not delivered any more. */
  forget(conversationId: string, messageId: string): void {
    const sequence = this.#sequences.get(conversationId)
    if (sequence && sequence.targetSeq > (sequence.lastSeq ?? 0)) sequence.deleted.add(messageId)
  }

  /** While held, gaps wait: a sync is to come that may fill them. */
  hold(): void {
    this.#isHeld = true
  }

  readonly release = (): void => {
    this.#isHeld = false
    for (const [conversationId, sequence] of this.#sequences) this.#advance(conversationId, sequence)
  }

  /** The application loads everything anew: what was missed until the last join is not delivered. */
  restart(): void {
    for (const sequence of this.#sequences.values()) {
      if (sequence.lastSeq !== undefined) sequence.lastSeq = Math.max(sequence.lastSeq, sequence.joinedSeq)
    }
  }

  #advance(conversationId: string, sequence: Sequence): void {
    if (sequence.lastSeq === undefined) return
    for (const seq of sequence.waiting.keys()) if (seq <= sequence.lastSeq) sequence.waiting.delete(seq)
    let next: Message | undefined
    while ((next = sequence.waiting.get(sequence.lastSeq + 1))) {
      sequence.waiting.delete(next.seq)
      this.#pass(sequence, next)
    }
    if (sequence.targetSeq > sequence.lastSeq) return this.#plan(conversationId, sequence, graceMs)
    sequence.deleted.clear()
  }

  #pass(sequence: Sequence, message: Message): void {
    sequence.lastSeq = message.seq
    if (!message.is_deleted && !sequence.deleted.has(message.id)) this.#options.deliver(message)
  }

  #plan(conversationId: string, sequence: Sequence, delayMs: number): void {
    if (this.#isHeld || sequence.repair !== 'none') return
    sequence.repair = 'planned'
    setTimeout(() => void this.#repair(conversationId, sequence), delayMs)
  }

  async #repair(conversationId: string, sequence: Sequence): Promise<void> {
    const { lastSeq, targetSeq, waiting } = sequence
    sequence.repair = 'none'
    if (lastSeq === undefined || targetSeq <= lastSeq || !this.#mayRepair(conversationId, sequence)) return
    sequence.repair = 'running'
    try {
      const gap = await fetchGap(this.#options.call, conversationId, { lastSeq, targetSeq, waiting })
      sequence.repair = 'none'
      if (this.#sequences.get(conversationId) !== sequence) return
      if (gap) this.#fill(sequence, gap)
      else this.#skipAhead(conversationId, sequence)
      this.#advance(conversationId, sequence)
    } catch (error) {
      const failure = asChatError(error, 'INTERNAL')
      this.#options.log(`missing messages of ${conversationId} were not to be had: ${failure.code} ${failure.message}`)
      sequence.repair = 'none'
      this.#plan(conversationId, sequence, isPassing(failure) ? repairAgainMs : repairRefusedMs)
    }
  }

  #mayRepair(conversationId: string, sequence: Sequence): boolean {
    return !this.#isHeld && this.#options.isOnline() && this.#sequences.get(conversationId) === sequence
  }

  /** What the answer does not show, up to where it reaches, was deleted. */
  #fill(sequence: Sequence, { messages, upToSeq }: { messages: readonly Message[]; upToSeq: number }): void {
    for (const message of messages) if (message.seq > (sequence.lastSeq ?? 0)) this.#pass(sequence, message)
    sequence.lastSeq = Math.max(sequence.lastSeq ?? 0, upToSeq)
  }

  #skipAhead(conversationId: string, sequence: Sequence): void {
    this.#options.log(`more than ${gapMax} messages of ${conversationId} are missing`)
    sequence.lastSeq = sequence.targetSeq
    this.#options.onTooFar(conversationId)
  }
}

/** The conversation has fewer messages than were delivered: the database was set back to an older state. */
function goBack(sequence: Sequence, joinedSeq: number): void {
  sequence.lastSeq = sequence.targetSeq = joinedSeq
  sequence.waiting.clear()
}

function newSequence(afterSeq: number | undefined): Sequence {
  return { lastSeq: afterSeq, targetSeq: afterSeq ?? 0, joinedSeq: 0, waiting: new Map(), deleted: new Set(), repair: 'none' }
}
