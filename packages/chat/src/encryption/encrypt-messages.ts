import { recordAudit } from '../audit/record-audit.js'
import type { ConversationId } from '@viatra-chat/contract'
import type { Reading } from '../messages/open-rows.js'
import { visibleMetadata } from '../messages/seal-draft.js'
import { listPlain, sealInPlace, type PlainRow, type Position, type SealedInPlace } from './content.sql.js'

const batchMax = 500
const beginning: Position = { conversationId: '00000000-0000-0000-0000-000000000000', seq: '0' }

/**
 * Seals what was written before sealing began, of one conversation or of all, in small transactions of at most 500 messages. May be ended and begun again at
 * any time, and run while the product is used. Gives how many messages were sealed. Needs the rights of the tables' owner.
 */
export async function encryptMessages(at: Reading, conversationId?: ConversationId): Promise<number> {
  let encrypted = 0
  let after = beginning
  for (;;) {
    const rows = await listPlain(at.db, { after, conversationId, limit: batchMax })
    const last = rows.at(-1)
    if (last) {
      const sealed = await Promise.all(rows.map((row) => sealRow(at, row)))
      encrypted += await at.db.transaction().execute((tx) => sealInPlace(tx, sealed))
      after = { conversationId: last.conversation_id, seq: last.seq }
    }
    if (rows.length < batchMax) break
  }
  if (encrypted > 0)
    await recordAudit(at.db, { action: 'content_encrypted', ...(conversationId && { conversationId }), details: { messages: encrypted } })
  return encrypted
}

async function sealRow({ db, contents }: Reading, row: PlainRow): Promise<SealedInPlace> {
  const place = { conversationId: row.conversation_id, messageId: row.id }
  const { bytes, keyVersion } = await contents.seal(db, place, row, async () => undefined)
  return { ...row, bytes, keyVersion, visibleMetadata: visibleMetadata(row.metadata) }
}
