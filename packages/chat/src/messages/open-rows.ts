import type { Chat } from '../chat.js'
import type { SealedItem } from '../encryption/content-cipher.js'

/** What reading messages takes: a database or a transaction, and what opens them. */
export type Reading = Pick<Chat, 'db' | 'contents'>

/** A row whose content, or that of the message it quotes, may be sealed. */
export interface SealedRow {
  id: string
  conversation_id: string
  content: string | null
  metadata: Record<string, unknown>
  sealed?: Buffer | null
  parent_message_id?: string | null
  parent_content?: string | null
  parent_sealed?: Buffer | null
}

/** The rows with what was said in them. What cannot be read has no content and no metadata, as if deleted. Asks nothing when nothing is sealed. */
export async function openRows<R extends SealedRow>({ db, contents }: Reading, rows: readonly R[]): Promise<readonly R[]> {
  const items = rows.flatMap((row) => [...ownItem(row), ...quotedItem(row)])
  if (items.length === 0) return rows
  const opened = await contents.open(db, items)
  let n = 0
  return rows.map((row) => {
    const said = row.sealed ? (opened[n++] ?? lost) : row
    const quoted = row.parent_sealed ? (opened[n++] ?? lost).content : row.parent_content
    return { ...row, content: said.content, metadata: said.metadata, sealed: null, parent_content: quoted, parent_sealed: null }
  })
}

const lost = { content: null, metadata: {} }

function ownItem({ conversation_id: conversationId, id: messageId, sealed }: SealedRow): SealedItem[] {
  return sealed ? [{ conversationId, messageId, sealed }] : []
}

function quotedItem({ conversation_id: conversationId, parent_message_id: messageId, parent_sealed: sealed }: SealedRow): SealedItem[] {
  return sealed && messageId ? [{ conversationId, messageId, sealed }] : []
}
