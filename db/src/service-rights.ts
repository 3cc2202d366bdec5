import type { Tables } from './tables.js'

/**
 * What the services may do with each table, and nothing else: `update(column, …)` is a right on these columns alone. They make no tables,
 * change no row of the audit log, and delete no message: retention does, through a function that looks at holds itself.
 * A table without a line here does not compile.
 */
export const serviceRights: Record<keyof Tables, readonly string[]> = {
  users: ['select', 'update(fcm_token)'],
  chat_database: ['select'],
  conversations: ['select', 'insert', 'update'],
  conversation_members: ['select', 'insert', 'update', 'delete'],
  former_members: ['select', 'insert', 'update', 'delete'],
  // Never content: what was said stays as it was said.
  messages: ['select', 'insert', 'update(is_deleted, deleted_at, deleted_by, updated_at, changed_xid)'],
  // A new conversation gets a key; destroying and wrapping anew is for the owner.
  conversation_keys: ['select', 'insert'],
  conversation_deletions: ['select', 'insert', 'update'],
  receipt_marks: ['select', 'insert'],
  devices: ['select', 'insert', 'update', 'delete'],
  // Neither its time nor its transaction, by which it is sealed.
  audit_log: ['select', 'insert(actor_id, subject_id, action, conversation_id, message_id, reason, request_id, details)'],
  audit_chain: ['select'],
  legal_holds: ['select'],
  break_glass_grants: ['select', 'insert', 'update(ended_at)'],
  outbox: ['select', 'insert', 'update', 'delete'],
  last_seen: ['select', 'insert', 'update'],
  push_intents: ['select', 'insert', 'update', 'delete'],
  push_jobs: ['select', 'insert', 'update', 'delete'],
  push_pause: ['select', 'insert', 'update', 'delete'],
  push_log: ['select', 'insert', 'delete'],
  quiet_hours: ['select', 'insert', 'update', 'delete'],
}

/** Functions that run with their owner's rights, for what the services may do in no other way. */
export const serviceFunctions = ['chat_seal_audit(integer)', 'chat_purge_messages(uuid, timestamptz, integer)'] as const
