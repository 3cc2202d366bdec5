import type { Message } from '@viatra-chat/contract'

// A push that is on its way when it ceases to be true cannot be called back.
const pushPatienceMs = 2000

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

/** Somebody takes part no longer. */
export interface Removal {
  userId: string
  conversationId: string
  /** When that was acknowledged: of `performance.now()`, and as a date, to compare with times that the product tells. */
  ackedAt: number
  ackedOn: number
  /** They were let in again. */
  isOver: boolean
}

/** A receipt that was acknowledged. */
export interface Mark {
  kind: 'read' | 'delivered'
  userId: string
  conversationId: string
  messageId: string
  ackedAt: number
}

/** A push that arrived where phones get theirs from. */
export interface Push {
  userId: string
  conversationId: string
  messageId: string
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
  readonly pushes: Push[] = []
  readonly failures: Failure[] = []
  /** What a client saw that must never be seen, noticed as it came. One sentence each, that begins with its rule. */
  readonly violations: string[] = []
  /** Until when something was held back, as by a frozen process: what was told before may arrive a moment after. */
  heldUntil = 0
  /** How many changes of metadata, members and roles were acknowledged, by their name in the audit. */
  readonly changes = new Map<string, number>()
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

  /** C6, C7 and C10: a push must not arrive of what somebody was removed from, of what was deleted, or of what they read. */
  hearPush(push: Push): void {
    this.pushes.push(push)
    const { userId, conversationId, messageId } = push
    const since = performance.now() - pushPatienceMs
    const absence = this.absenceOf(userId, conversationId)
    if (absence && absence.ackedAt < since)
      this.violations.push(`C6 ${userId} was removed and got a push of ${messageId}, more than 2 s later`)
    const deletion = this.deletions.get(messageId)
    if (deletion && deletion.ackedAt < since) this.violations.push(`C7 a push of ${messageId} arrived more than 2 s after it was deleted`)
    const isRead = this.marks.some(
      (mark) => mark.kind === 'read' && mark.messageId === messageId && mark.userId === userId && mark.ackedAt < since,
    )
    if (isRead) this.violations.push(`C10 ${userId} got a push of ${messageId} more than 2 s after reading it`)
  }

  changed(action: string): void {
    this.changes.set(action, (this.changes.get(action) ?? 0) + 1)
  }

  /** Notes an acknowledged removal. */
  removed(userId: string, conversationId: string): void {
    this.removals.push({ userId, conversationId, ackedAt: performance.now(), ackedOn: Date.now(), isOver: false })
  }

  /** To be called before somebody is let in again: from then on they may hear everything. */
  letInAgain(userId: string, conversationId: string): void {
    const removal = this.absenceOf(userId, conversationId)
    if (removal) removal.isOver = true
  }

  /** The removal that keeps somebody out now. */
  absenceOf(userId: string, conversationId: string): Removal | undefined {
    return this.removals.findLast((removal) => !removal.isOver && removal.userId === userId && removal.conversationId === conversationId)
  }

  wasEverRemoved(userId: string, conversationId: string): boolean {
    return this.removals.some((removal) => removal.userId === userId && removal.conversationId === conversationId)
  }
}
