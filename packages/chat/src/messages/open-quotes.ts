import type { Reading } from './open-rows.js'
import type { Draft, SentRow } from './send-statement.js'

/** What was quoted by messages that have just been stored, where it is sealed. */
export async function openQuotes({ db, contents }: Reading, drafts: readonly Draft[], rows: readonly SentRow[]): Promise<SentRow[]> {
  const items = rows.flatMap((row) => {
    const { conversationId, parentMessageId: messageId } = drafts[row.n] ?? {}
    return row.verdict === 'SENT' && row.parent_sealed && conversationId && messageId
      ? [{ row, conversationId, messageId, sealed: row.parent_sealed }]
      : []
  })
  if (items.length === 0) return [...rows]
  const opened = await contents.open(db, items)
  const quoted = new Map(items.map(({ row }, n) => [row, opened[n]?.content ?? null]))
  return rows.map((row) => (quoted.has(row) ? { ...row, parent_content: quoted.get(row) ?? null } : row))
}
