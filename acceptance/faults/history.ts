import type { Message } from '@viatra-chat/contract'

export type DoorName = 'rest' | 'socket'

/**
 * What became of one try. `ok`: acknowledged. `fail`: refused, so it never happened. `info`: unknown, it may have happened:
 * no answer, or a refusal that says to try again.
 */
export type Outcome = { kind: 'ok'; message: Message } | { kind: 'fail'; code: string } | { kind: 'info'; reason: string }

/** One message that somebody sends, through all its tries. Times are of `performance.now()`. */
export interface Send {
  readonly clientMessageId: string
  readonly conversationId: string
  readonly senderId: string
  readonly content: string
  readonly invokedAt: number
  /** Place among the sends of its sender, who waits for each before the next. */
  readonly turn: number
  readonly tries: { door: DoorName; outcome: 'ok' | 'fail' | 'info'; reason?: string }[]
  ackedAt?: number
  acked?: Message
  refusedWith?: string
}

export interface Deletion {
  messageId: string
  content: string
  ackedAt: number
}

export interface Removal {
  userId: string
  conversationId: string
  ackedAt: number
  /** Since they are being added again. */
  isOver?: true
}

/** A read mark that was acknowledged. */
export interface Mark {
  userId: string
  messageId: string
  conversationId: string
}

/** An answer that no outage explains. */
export interface Failure {
  door: DoorName
  what: string
  answer: string
}

/** Everything that the clients did and were told: what the checker judges. */
export class History {
  readonly sends = new Map<string, Send>()
  readonly deletions = new Map<string, Deletion>()
  readonly removals: Removal[] = []
  readonly marks: Mark[] = []
  readonly failures: Failure[] = []
  /** What a client saw that must never be seen, noticed as it came. One sentence each, that begins with its rule. */
  readonly violations: string[] = []
  /** Until when something was held back, as by a frozen process: what was told before may arrive a moment after. */
  heldUntil = 0
  /** Message events that reached a client. */
  deliveries = 0
  /** Times that a client was asked to, or had reason to, ask what it missed. */
  syncs = 0

  readonly #members = new Map<string, Set<string>>()

  get acked(): Send[] {
    return [...this.sends.values()].filter((send) => send.acked !== undefined)
  }

  /** Runs a fault that holds events back and lets them go on in the end. */
  async holding(fault: () => Promise<void>): Promise<void> {
    this.heldUntil = Infinity
    await fault().finally(() => (this.heldUntil = performance.now()))
  }

  /** To be called before the person can hear anything of the conversation. */
  addMembers(conversationId: string, userIds: readonly string[]): void {
    this.#members.set(conversationId, new Set([...(this.#members.get(conversationId) ?? []), ...userIds]))
  }

  isOrWasMember(userId: string, conversationId: string): boolean {
    // A conversation that is just being created has no id here yet.
    return this.#members.get(conversationId)?.has(userId) ?? true
  }

  /** undefined when they never were removed. */
  lastRemovalOf(userId: string, conversationId: string): Removal | undefined {
    return this.removals.findLast((removal) => removal.userId === userId && removal.conversationId === conversationId)
  }
}
