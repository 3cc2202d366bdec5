import type { Message } from '@viatra-chat/contract'

/** What a client remembers of a message. */
export interface Known {
  content: string | null
  isDeleted: boolean
}

/** The messages of one conversation as one client knows them, each once by id, from events and from catching up. */
export class KnownMessages {
  readonly #byId = new Map<string, Known>()
  readonly #ids = new Map<number, string>()
  /** Up to here everything is known, or was asked for. */
  #wholeUpTo = 0
  #highest = 0

  get highest(): number {
    return this.#highest
  }

  get(id: string): Known | undefined {
    return this.#byId.get(id)
  }

  ids(): IterableIterator<string> {
    return this.#byId.keys()
  }

  /** Takes a message in. Gives a sentence when it contradicts what is known. */
  add({ id, seq, content, is_deleted }: Pick<Message, 'id' | 'seq' | 'content' | 'is_deleted'>): string | undefined {
    const other = this.#ids.get(seq)
    if (other !== undefined && other !== id) return `seq ${seq} is both ${other} and ${id}`
    const before = this.#byId.get(id)
    if (content !== null && content !== (before?.content ?? content)) return `message ${id} changed its content`
    this.#ids.set(seq, id)
    this.#highest = Math.max(this.#highest, seq)
    // What is deleted stays deleted, though an older page may still show it.
    this.#byId.set(id, { content: content ?? before?.content ?? null, isDeleted: is_deleted || before?.isDeleted === true })
    return undefined
  }

  delete(id: string): void {
    this.#byId.set(id, { content: this.#byId.get(id)?.content ?? null, isDeleted: true })
  }

  /** Whether something below the highest known seq is missing. */
  hasGap(): boolean {
    while (this.#ids.has(this.#wholeUpTo + 1)) this.#wholeUpTo++
    return this.#highest > this.#wholeUpTo
  }

  /** Catching up brought all there is up to this seq: what is still not known was deleted before we came. */
  isWholeUpTo(seq: number): void {
    this.#wholeUpTo = Math.max(this.#wholeUpTo, seq)
  }
}
