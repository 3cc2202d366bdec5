import type { Message } from '@viatra-chat/contract'
import type { Call } from './rest.js'

export interface Gap {
  /** The newest message before the gap. */
  lastSeq: number
  /** The highest seq known to exist. */
  targetSeq: number
  /** Messages beyond the gap. */
  waiting: ReadonlyMap<number, Message>
}

/** More missing messages than this are not fetched one page after the other. */
export const gapMax = 1000
const pageSizeMax = 100

/**
 * Reads the history downwards from the first message beyond the gap, or from the newest one, to where the gap begins.
 * Gives what it found in ascending order and how far that reaches; undefined if the gap is too large.
 */
export async function fetchGap(
  call: Call,
  conversationId: string,
  { lastSeq, targetSeq, waiting }: Gap,
): Promise<{ messages: Message[]; upToSeq: number } | undefined> {
  const firstBeyond = waiting.get(Math.min(...waiting.keys()))
  const upToSeq = firstBeyond ? firstBeyond.seq - 1 : targetSeq
  const limit = Math.min(pageSizeMax, Math.max(1, upToSeq - lastSeq))
  const messages: Message[] = []
  let before: string | undefined = firstBeyond?.id
  for (;;) {
    const page = await call('list_messages', { conversation_id: conversationId, limit, ...(before !== undefined && { before }) })
    messages.push(...page.messages.filter(({ seq }) => seq > lastSeq))
    const oldestSeq = page.messages.at(-1)?.seq ?? 0
    if (oldestSeq <= lastSeq + 1 || page.pagination.next_cursor === null) break
    if (messages.length > gapMax) return undefined
    before = page.pagination.next_cursor
  }
  messages.reverse()
  return { messages, upToSeq: Math.max(upToSeq, messages.at(-1)?.seq ?? 0) }
}
