import { asChatError, isPassing, type ChatError } from './chat-error.js'

export interface MarksOptions {
  ask: (event: string, payload: unknown) => Promise<unknown>
  isOnline: () => boolean
  onRefused: (error: ChatError) => void
}

/** Receipts on their way to the server: gathered for a moment, sent in batches, again until taken or refused. */
export interface Marks {
  add(operation: 'mark_read' | 'mark_delivered', conversationId: string, messageIds: readonly string[]): void
  flush(): void
  stop(): void
}

const gatherMs = 100
const retryMs = 1000
const batchMax = 100
// Beyond it the oldest are dropped: a receipt is not worth unbounded memory.
const idsMax = 1000

export function createMarks({ ask, isOnline, onRefused }: MarksOptions): Marks {
  const batches = new Map<string, Set<string>>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isFlushing = false

  function plan(delayMs: number): void {
    timer ??= setTimeout(flush, delayMs)
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (!isFlushing && isOnline()) void sendAll()
  }

  async function sendAll(): Promise<void> {
    isFlushing = true
    let waitMs: number | undefined
    for (const [key, ids] of batches) {
      waitMs = (await sendBatch(key, ids)) ?? waitMs
      if (waitMs !== undefined) break
    }
    isFlushing = false
    if (batches.size > 0) plan(waitMs ?? 0)
  }

  /** Gives how long to wait before the next try; undefined when these are done with. */
  async function sendBatch(key: string, ids: Set<string>): Promise<number | undefined> {
    const [operation = '', conversationId] = key.split(' ')
    const messageIds = [...ids].slice(0, batchMax)
    try {
      await ask(operation, { conversationId, messageIds })
    } catch (error) {
      const failure = asChatError(error, 'INTERNAL')
      if (isPassing(failure)) return (failure.retryAfterS ?? 0) * 1000 || retryMs
      onRefused(failure)
    }
    for (const id of messageIds) ids.delete(id)
    if (ids.size === 0) batches.delete(key)
    return undefined
  }

  return {
    add(operation, conversationId, messageIds) {
      const key = `${operation} ${conversationId}`
      const ids = batches.get(key) ?? new Set()
      batches.set(key, ids)
      for (const id of messageIds) ids.add(id)
      for (const id of ids) if (ids.size > idsMax) ids.delete(id)
      plan(gatherMs)
    },
    flush,
    stop: () => clearTimeout(timer),
  }
}
