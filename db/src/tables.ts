import type { ColumnType, Generated } from 'kysely'

type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>
type Multirange = ColumnType<string, string | undefined, string>
/** bigint and xid8 arrive as text; a seq is turned into a number where it is read. */
type Int8 = ColumnType<string, string | number | bigint | undefined, string | number | bigint>
type Json = ColumnType<Record<string, unknown>, string | undefined, string>

export interface UsersTable {
  id: Generated<string>
  email: string | null
  first_name: Generated<string>
  last_name: Generated<string>
  avatar_url: string | null
  role: Generated<string | null>
  is_active: Generated<boolean>
  fcm_token: string | null
  created_at: Timestamp
  updated_at: Timestamp
}

export interface ChatDatabaseTable {
  id: Generated<string>
  xid_offset: Int8
  only_row: Generated<boolean>
}

export interface ConversationsTable {
  id: string
  type: 'direct' | 'group' | 'channel'
  direct_key: string | null
  created_by: string
  metadata: Json
  last_seq: Int8
  message_count: Int8
  participant_count: Generated<number>
  last_message_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  version: Int8
  membership_version: Int8
  created_at: Timestamp
  updated_at: Timestamp
  changed_xid: Int8
}

export interface ConversationMembersTable {
  conversation_id: string
  user_id: string
  role: Generated<'owner' | 'moderator' | 'member'>
  joined_seq: Int8
  joined_at: Timestamp
  joined_xid: Int8
  muted_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  delivered_seqs: Multirange
  read_seqs: Multirange
  receipts_version: Int8
}

export interface FormerMembersTable {
  conversation_id: string
  user_id: string
  left_at: Timestamp
  left_xid: Int8
  delivered_seqs: Multirange
  read_seqs: Multirange
}

export interface MessagesTable {
  conversation_id: string
  seq: Int8
  id: string
  sender_id: string
  parent_message_id: string | null
  message_type: 'text' | 'image' | 'file' | 'system'
  content: string | null
  metadata: Json
  client_message_id: string | null
  is_edited: Generated<boolean>
  is_deleted: Generated<boolean>
  deleted_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
  deleted_by: string | null
  created_at: Timestamp
  updated_at: Timestamp
  changed_xid: Int8
  /** Content and metadata, encrypted; then those columns hold neither. */
  sealed: Buffer | null
}

export interface ConversationKeysTable {
  conversation_id: string
  version: number
  wrapped: Buffer | null
  master_key: string
  created_at: Timestamp
  wrapped_at: Timestamp
  shredded_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface ConversationDeletionsTable {
  conversation_id: string
  seqs: Multirange
}

export interface ReceiptMarksTable {
  conversation_id: string
  bucket: Int8
  user_id: string
  kind: 'delivered' | 'read'
  seqs: Multirange
  at: Timestamp
  changed_xid: Int8
}

export interface DevicesTable {
  fcm_token: string
  user_id: string
  device_id: string | null
  platform: 'android' | 'ios' | 'web' | null
  created_at: Timestamp
  updated_at: Timestamp
  next_push_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface AuditLogTable {
  id: Generated<string>
  at: Timestamp
  actor_id: string | null
  action: string
  conversation_id: string | null
  message_id: string | null
  reason: string | null
  request_id: string | null
  subject_id: string | null
  details: Json
  written_xid: Int8
}

export interface AuditChainTable {
  position: Int8
  audit_id: Int8
  written_xid: Int8
  hash: Buffer
  sealed_at: Timestamp
}

export interface LegalHoldsTable {
  id: Generated<string>
  conversation_id: string | null
  user_id: string | null
  reason: string
  placed_at: Timestamp
  lifted_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface BreakGlassGrantsTable {
  id: string
  conversation_id: string
  user_id: string
  granted_by: string
  reason: string
  granted_at: Timestamp
  expires_at: ColumnType<Date, Date | string, Date | string>
  ended_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface OutboxTable {
  id: Generated<string>
  announcement: ColumnType<unknown, string, string>
  attempts: Generated<number>
  created_at: Timestamp
}

export interface LastSeenTable {
  user_id: string
  at: ColumnType<Date, Date | string, Date | string>
}

export interface PushIntentsTable {
  id: Generated<string>
  messages: ColumnType<[string, number][], string, string>
  people: string[] | null
  due_at: Timestamp
}

export interface PushJobsTable {
  fcm_token: string
  conversation_id: string
  user_id: string
  /** Null: only keeps a distance, for the version before. To become `not null` a release later. */
  seq: ColumnType<string | null, string | number | null | undefined, string | number | null>
  message_id: string | null
  due_at: Timestamp
  expires_at: ColumnType<Date, Date | string, Date | string>
  attempts: Generated<number>
  leased_until: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
}

export interface PushPauseTable {
  only_row: Generated<boolean>
  until: ColumnType<Date, Date | string, Date | string>
  reason: string
  attempts: Generated<number>
}

export interface PushLogTable {
  id: Generated<string>
  message_id: string
  outcome: string
  user_ids: string[]
  detail: string | null
  at: Timestamp
}

export interface QuietHoursTable {
  user_id: string
  from_minute: number
  to_minute: number
  time_zone: string
}

/** The tables of the product as Kysely sees them; a test compares them with a migrated database. */
export interface Tables {
  users: UsersTable
  chat_database: ChatDatabaseTable
  conversations: ConversationsTable
  conversation_members: ConversationMembersTable
  former_members: FormerMembersTable
  messages: MessagesTable
  conversation_keys: ConversationKeysTable
  conversation_deletions: ConversationDeletionsTable
  receipt_marks: ReceiptMarksTable
  devices: DevicesTable
  audit_log: AuditLogTable
  audit_chain: AuditChainTable
  legal_holds: LegalHoldsTable
  break_glass_grants: BreakGlassGrantsTable
  outbox: OutboxTable
  last_seen: LastSeenTable
  push_intents: PushIntentsTable
  push_jobs: PushJobsTable
  push_pause: PushPauseTable
  push_log: PushLogTable
  quiet_hours: QuietHoursTable
}
