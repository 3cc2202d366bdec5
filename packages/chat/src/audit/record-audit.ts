import type { ConversationId, MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/** What is accounted for. Sends are recorded by the statement that stores them. */
export type AuditAction =
  | 'access_denied'
  | 'break_glass_ended'
  | 'break_glass_granted'
  | 'break_glass_used'
  | 'content_encrypted'
  | 'content_keys_rotated'
  | 'content_shredded'
  | 'conversation_created'
  | 'data_exported'
  | 'legal_hold_lifted'
  | 'legal_hold_placed'
  | 'message_deleted'
  | 'message_read_by_admin'
  | 'metadata_changed'
  | 'participant_left'
  | 'participant_removed'
  | 'participants_added'
  | 'person_erased'
  | 'pushes_read_by_admin'
  | 'readers_listed'
  | 'retention_applied'
  | 'role_changed'

/** An act that must be accounted for. Never holds message text, names or metadata: ids, roles, numbers, and the reason that was given. */
export interface AuditEntry {
  /** Who did it; absent when a command or the product itself did. */
  actorId?: UserId
  action: AuditAction
  /** Whom it was done to. */
  subjectId?: UserId
  conversationId?: ConversationId
  messageId?: MessageId
  reason?: string
  requestId?: string
  details?: Record<string, unknown>
}

/** Writes one row of the audit log, in the caller's transaction where there is one. */
export async function recordAudit(db: Kysely<Tables>, entry: AuditEntry): Promise<void> {
  await recordAudits(db, [entry])
}

/** The same for several at once. */
export async function recordAudits(db: Kysely<Tables>, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length > 0) await db.insertInto('audit_log').values(entries.map(toRow)).execute()
}

function toRow(entry: AuditEntry) {
  return {
    actor_id: entry.actorId ?? null,
    subject_id: entry.subjectId ?? null,
    action: entry.action,
    conversation_id: entry.conversationId ?? null,
    message_id: entry.messageId ?? null,
    reason: entry.reason ?? null,
    request_id: entry.requestId ?? null,
    details: JSON.stringify(entry.details ?? {}),
  }
}

/** What a seal did: the new head of the chain. */
export interface Seal {
  sealed: number
  position: number
  hash: string
}

/** Chains what can be chained, at most `rowsMax` rows; undefined while another process seals. */
export async function sealAudit(db: Kysely<Tables>, rowsMax: number): Promise<Seal | undefined> {
  const { rows } = await sql<{ sealed: number; head: string; head_hash: string }>`
    select sealed, head, head_hash from chat_seal_audit(${rowsMax})`.execute(db)
  const [row] = rows
  return row && { sealed: row.sealed, position: Number(row.head), hash: row.head_hash }
}
