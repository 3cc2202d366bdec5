import type { OperationOutput } from '@viatra-chat/contract'
import { asChatError, ChatError, isPassing } from './chat-error.js'
import type { MessageOrder } from './message-order.js'

export interface RoomsOptions {
  ask: (event: string, payload: unknown) => Promise<unknown>
  isOnline: () => boolean
  order: MessageOrder
  /** A conversation that had been joined is refused, for another reason than that one takes part no longer: that is told by events and sync. */
  onRefused: (error: ChatError) => void
}

interface Room {
  waiters: { resolve: (lastSeq: number) => void; reject: (error: ChatError) => void }[]
  wasJoined: boolean
}

// More at once would meet the server's throttle.
const joinsAtOnce = 8

/** The conversations that are to be joined, over all connections. */
export class Rooms {
  readonly #options: RoomsOptions
  readonly #rooms = new Map<string, Room>()

  constructor(options: RoomsOptions) {
    this.#options = options
  }

  /** Joins, now or with the next connection, and stays joined. Gives the newest seq at the time; rejects when refused. */
  join(conversationId: string, afterSeq: number | undefined): Promise<number> {
    const room = this.#rooms.get(conversationId) ?? { waiters: [], wasJoined: false }
    const joined = new Promise<number>((resolve, reject) => room.waiters.push({ resolve, reject }))
    // Whoever does not wait for it has the events to look at: an ignored refusal must not end a process.
    joined.catch(() => undefined)
    this.#rooms.set(conversationId, room)
    this.#options.order.begin(conversationId, afterSeq)
    void this.#enter(conversationId, room)
    return joined
  }

  readonly leave = (conversationId: string): void => {
    if (!this.#rooms.has(conversationId)) return
    this.#remove(conversationId, new ChatError('CLOSED', 'The conversation was left.'))
    this.#askToLeave(conversationId)
  }

  /** Joins everything again. Fulfilled when that is done, or when the connection is gone. */
  async joinAll(): Promise<void> {
    const left = [...this.#rooms]
    const joinNext = async () => {
      for (let next = left.pop(); next; next = left.pop()) await this.#enter(...next)
    }
    await Promise.all(Array.from({ length: joinsAtOnce }, joinNext))
  }

  close(): void {
    for (const conversationId of [...this.#rooms.keys()]) this.#remove(conversationId, new ChatError('CLOSED', 'The client is closed.'))
  }

  async #enter(conversationId: string, room: Room): Promise<void> {
    while (this.#options.isOnline() && this.#rooms.get(conversationId) === room) {
      try {
        return this.#entered(conversationId, room, await this.#askToJoin(conversationId))
      } catch (error) {
        const failure = asChatError(error, 'INTERNAL')
        if (!isPassing(failure)) return this.#refuse(conversationId, room, failure)
        await new Promise((resolve) => setTimeout(resolve, (failure.retryAfterS ?? 1) * 1000))
      }
    }
  }

  async #askToJoin(conversationId: string): Promise<number> {
    const { ask, order } = this.#options
    const seqWhenAsked = order.seqOf(conversationId)
    const { last_seq: lastSeq } = (await ask('join_conversation', { conversationId })) as OperationOutput<'join_conversation'>
    order.joined(conversationId, lastSeq, seqWhenAsked)
    return lastSeq
  }

  #entered(conversationId: string, room: Room, lastSeq: number): void {
    room.wasJoined = true
    for (const { resolve } of room.waiters.splice(0)) resolve(lastSeq)
    if (!this.#rooms.has(conversationId)) this.#askToLeave(conversationId)
  }

  #refuse(conversationId: string, room: Room, failure: ChatError): void {
    this.#remove(conversationId, failure)
    if (room.wasJoined && failure.code !== 'NOT_A_PARTICIPANT') this.#options.onRefused(failure)
  }

  #remove(conversationId: string, reason: ChatError): void {
    const room = this.#rooms.get(conversationId)
    this.#rooms.delete(conversationId)
    this.#options.order.end(conversationId)
    for (const { reject } of room?.waiters ?? []) reject(reason)
  }

  #askToLeave(conversationId: string): void {
    // Without a connection there is no room to leave, and a refusal means that one is not in it.
    this.#options.ask('leave_conversation', { conversationId }).catch(() => undefined)
  }
}
