import type { ConversationId, UserId } from '@viatra-chat/contract'
import { recordAudit } from '../audit/record-audit.js'
import type { Chat } from '../chat.js'
import { insertHold, liftHoldRow } from './privacy.sql.js'

/** What is held: a conversation, or all conversations that a person takes or took part in. Exactly one of the two. */
export type Held = { conversationId: ConversationId } | { userId: UserId }

/** Keeps retention and erasure away until the hold is lifted. Gives its id. */
export function placeHold({ db }: Pick<Chat, 'db'>, held: Held, reason: string): Promise<string> {
  return db.transaction().execute(async (tx) => {
    const id = await insertHold(tx, { ...held, reason })
    const subject = 'userId' in held ? { subjectId: held.userId } : held
    await recordAudit(tx, { action: 'legal_hold_placed', ...subject, reason, details: { hold_id: id } })
    return id
  })
}

/** False when there is no such hold, or it was lifted before. Other holds on the same thing stay. */
export function liftHold({ db }: Pick<Chat, 'db'>, id: string, reason: string): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const hold = await liftHoldRow(tx, id)
    if (!hold) return false
    const subject =
      hold.user_id === null ? { conversationId: hold.conversation_id as ConversationId } : { subjectId: hold.user_id as UserId }
    await recordAudit(tx, { action: 'legal_hold_lifted', ...subject, reason, details: { hold_id: id } })
    return true
  })
}
