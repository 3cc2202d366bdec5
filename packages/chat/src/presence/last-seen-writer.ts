import type { UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { rememberLastSeen } from './remember-last-seen.js'

// A line that drops takes everybody behind it along: they go into one statement.
const gatherMs = 250

/** Stores when people were last seen, a batch at a time. Times of one person must not go back. */
export class LastSeenWriter {
  readonly #chat: Pick<Chat, 'db' | 'log'>
  #times = new Map<UserId, string>()
  #timer: NodeJS.Timeout | undefined

  constructor(chat: Pick<Chat, 'db' | 'log'>) {
    this.#chat = chat
  }

  /** @param at ISO 8601. */
  add(userId: UserId, at: string): void {
    this.#times.set(userId, at)
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs)
  }

  /** Stores what has been gathered. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const times = this.#times
    this.#times = new Map()
    await rememberLastSeen(this.#chat, times)
  }
}
