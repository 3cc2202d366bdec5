import type { Message, SyncedReceipts } from '@viatra-chat/contract'

export type ReceiptKind = 'delivered' | 'read'

/** Who got and who read what in one conversation, as one client knows it: events name messages by id, catching up by seq. */
export class KnownReceipts {
  readonly #byId = new Set<string>()
  readonly #bySeq = new Set<string>()

  hear(kind: ReceiptKind, userId: string, messageId: string): void {
    this.#byId.add(`${kind} ${userId} ${messageId}`)
  }

  /** Takes in what a message of a history says. */
  takeMessage({ id, read_by, delivered_to }: Message): void {
    for (const userId of read_by) this.hear('read', userId, id)
    for (const userId of delivered_to) this.hear('delivered', userId, id)
  }

  takeRanges({ user_id, delivered, read }: SyncedReceipts): void {
    for (const [kind, ranges] of [
      ['delivered', delivered],
      ['read', read],
    ] as const)
      // prettier-ignore
      for (const [from, to] of ranges) for (let seq = from; seq <= to; seq++) this.#bySeq.add(`${kind} ${user_id} ${seq}`)
  }

  /** What is read has been delivered, though nobody may have said so. */
  has(kind: ReceiptKind, userId: string, { id, seq }: { id: string; seq: number }): boolean {
    const isKnown = this.#byId.has(`${kind} ${userId} ${id}`) || this.#bySeq.has(`${kind} ${userId} ${seq}`)
    return isKnown || (kind === 'delivered' && this.has('read', userId, { id, seq }))
  }
}
