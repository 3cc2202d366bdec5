import type { Draft, SentRow } from './send-statement.js'
import type { WrittenMessage } from './written-message.js'

/** What became of a send. `stored_unseen`: it is stored, but the answer was lost with a connection; read it again. */
export type SendOutcome = { kind: 'sent'; sent: WrittenMessage } | { kind: 'refused'; row: SentRow } | { kind: 'stored_unseen' }

/** A send that waits for its flush. */
export interface WaitingSend {
  readonly draft: Draft
  /** Whether a flush with this draft lost its connection: it may be stored. */
  uncertain: boolean
  attempts: number
  resolve(outcome: SendOutcome): void
  reject(error: unknown): void
}

const batchMax = 64
// However many wait that cannot go yet.
const lookedAtMax = 4 * batchMax

/**
 * Takes the next batch from the queue: the longest waiting first, and nothing of people who are busy. Two sends with one client id never share a
 * batch; the second finds the first stored. Takes nothing where it would be fewer than `atLeast`.
 */
export function takeBatch(waiting: WaitingSend[], busy: ReadonlySet<string>, atLeast: number): WaitingSend[] {
  if (waiting.length < atLeast) return []
  const batch: WaitingSend[] = []
  const later: WaitingSend[] = []
  const keys = new Set<string>()
  for (const item of waiting.slice(0, lookedAtMax)) {
    const key = clientKey(item.draft)
    if (busy.has(item.draft.senderId) || (key !== undefined && keys.has(key))) later.push(item)
    else batch.push(item)
    if (key !== undefined) keys.add(key)
    if (batch.length === batchMax) break
  }
  if (batch.length < atLeast) return []
  waiting.splice(0, batch.length + later.length, ...later)
  return batch
}

function clientKey({ conversationId, senderId, clientMessageId }: Draft): string | undefined {
  return clientMessageId === null ? undefined : `${conversationId} ${senderId} ${clientMessageId}`
}
