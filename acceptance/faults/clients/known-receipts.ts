import type { Message, SyncedReceipts } from '@viatra-chat/contract'

export type ReceiptKind = 'read' | 'delivered'

interface Place {
  id: string
  seq: number
}

/** Who got and who read which messages of one conversation, as one client knows it. Reading implies delivery. */
export class KnownReceipts {
  // Events name messages by their ids, sync by their seqs.
  readonly #marks = { read: new Map<string, Set<string | number>>(), delivered: new Map<string, Set<string | number>>() }

  hear(kind: ReceiptKind, userId: string, messageId: string): void {
    this.#add(kind, userId, messageId)
  }

  takeMessage({ id, read_by, delivered_to }: Pick<Message, 'id' | 'read_by' | 'delivered_to'>): void {
    for (const userId of read_by) this.#add('read', userId, id)
    for (const userId of delivered_to) this.#add('delivered', userId, id)
  }

  takeRanges({ user_id, read, delivered }: SyncedReceipts): void {
    for (const seq of seqsOf(read)) this.#add('read', user_id, seq)
    for (const seq of seqsOf(delivered)) this.#add('delivered', user_id, seq)
  }

  has(kind: ReceiptKind, userId: string, { id, seq }: Place): boolean {
    const marks = this.#marks[kind].get(userId)
    return marks !== undefined && (marks.has(id) || marks.has(seq))
  }

  #add(kind: ReceiptKind, userId: string, message: string | number): void {
    const marks = this.#marks[kind].get(userId)
    if (marks) marks.add(message)
    else this.#marks[kind].set(userId, new Set([message]))
    if (kind === 'read') this.#add('delivered', userId, message)
  }
}

const seqsOf = (ranges: SyncedReceipts['read']) =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
