import type { Message } from '@viatra-chat/contract'
import type { Draft, SentRow } from './send-statement.js'

/** What became of a send. `stored_unseen`: it is stored, but the answer was lost with a connection; read it again. */
export type SendOutcome = { kind: 'sent'; message: Message } | { kind: 'refused'; row: SentRow } | { kind: 'stored_unseen' }

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

/** Takes the next batch from the queue: the longest waiting first. Two sends with one client id never share a batch; the second finds the first stored. */
export function takeBatch(waiting: WaitingSend[]): WaitingSend[] {
  const batch: WaitingSend[] = []
  const later: WaitingSend[] = []
  const keys = new Set<string>()
  for (let item = waiting.shift(); item; item = batch.length < batchMax ? waiting.shift() : undefined) {
    const key = clientKey(item.draft)
    if (key !== undefined && keys.has(key)) later.push(item)
    else batch.push(item)
    if (key !== undefined) keys.add(key)
  }
  waiting.unshift(...later)
  return batch
}

function clientKey({ conversationId, senderId, clientMessageId }: Draft): string | undefined {
  return clientMessageId === null ? undefined : `${conversationId} ${senderId} ${clientMessageId}`
}
