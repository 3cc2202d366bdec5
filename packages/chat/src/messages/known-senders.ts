import type { Draft, SentRow } from './send-statement.js'

/** A conversation, and who of it was let send since its members last changed. */
export interface KnownConversation {
  readonly id: string
  readonly membershipVersion: string
  readonly senders: Set<string>
}

// Of some 200 bytes. What is forgotten is judged again.
const keptMax = 50_000

/**
 * Whom the database let send, and by which version of the membership: as long as the conversation has that version they need not be judged again,
 * which is a sixth of what a message costs PostgreSQL. Belongs to one connection: after another one the database may be one that took over, and
 * does not know the newest changes.
 */
export class KnownSenders {
  #recent = new Map<string, KnownConversation>()
  #before = new Map<string, KnownConversation>()
  #kept = 0

  /** The conversation of a draft whose sender may send, one object for all of them in one turn; undefined when that has to be judged. */
  conversationOf({ conversationId, senderId }: Draft): KnownConversation | undefined {
    const known = this.#recent.get(conversationId)
    if (known?.senders.has(senderId)) return known
    const earlier = this.#before.get(conversationId)
    if (!earlier?.senders.has(senderId) || (known && known.membershipVersion !== earlier.membershipVersion)) return undefined
    return this.#remember(conversationId, senderId, earlier.membershipVersion)
  }

  /** Learns from what a statement answered; forgets what turned out to be old. */
  learn({ conversationId, senderId }: Draft, { verdict, membership_version: version }: SentRow): void {
    if (this.#kept >= keptMax) this.#turn()
    if (verdict === 'SENT' && version !== undefined) this.#remember(conversationId, senderId, version)
    else if (verdict === 'RETRY') this.#forget(conversationId)
  }

  #remember(id: string, senderId: string, membershipVersion: string): KnownConversation {
    let known = this.#recent.get(id)
    if (known?.membershipVersion !== membershipVersion) {
      known = { id, membershipVersion, senders: new Set() }
      this.#recent.set(id, known)
    }
    known.senders.add(senderId)
    this.#kept++
    return known
  }

  #forget(id: string): void {
    this.#recent.delete(id)
    this.#before.delete(id)
  }

  #turn(): void {
    this.#before = this.#recent
    this.#recent = new Map()
    this.#kept = 0
  }
}
