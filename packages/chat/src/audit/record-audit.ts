import type { ConversationId, MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'

/** An act that must be accounted for. Never holds message text. */
export interface AuditEntry {
  actorId: UserId
  action: 'message_deleted' | 'message_read_by_admin' | 'pushes_read_by_admin'
  conversationId: ConversationId
  messageId: MessageId
  reason?: string
  requestId: string
}

/** Writes one row of the audit log, in the caller's transaction where there is one. */
export async function recordAudit(db: Kysely<Tables>, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit_log')
    .values({
      actor_id: entry.actorId,
      action: entry.action,
      conversation_id: entry.conversationId,
      message_id: entry.messageId,
      reason: entry.reason ?? null,
      request_id: entry.requestId,
    })
    .execute()
}
