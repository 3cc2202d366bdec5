import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type RawBuilder } from 'kysely'

export type SectionRow = Record<string, unknown>

/** The parts of an export in their order; each gives a page of rows after an offset, in an order that does not change under it. */
export const sections = {
  person: (userId: UserId) =>
    sql`select id, email, first_name, last_name, avatar_url, role, is_active, created_at from users where id = ${userId}`,
  device: (userId: UserId) =>
    sql`select fcm_token, device_id, platform, created_at, updated_at from devices where user_id = ${userId} order by fcm_token`,
  quiet_hours: (userId: UserId) => sql`select from_minute, to_minute, time_zone from quiet_hours where user_id = ${userId}`,
  last_seen: (userId: UserId) => sql`select at from last_seen where user_id = ${userId}`,
  conversation: (userId: UserId) => sql`
    select c.id, c.type, c.metadata, c.created_at, m.role, m.joined_at, null::timestamptz as left_at, m.muted_until, m.delivered_seqs, m.read_seqs
    from conversation_members m join conversations c on c.id = m.conversation_id where m.user_id = ${userId}
    union all
    select c.id, c.type, null, c.created_at, null, null, m.left_at, null, m.delivered_seqs, m.read_seqs
    from former_members m join conversations c on c.id = m.conversation_id where m.user_id = ${userId} order by 1`,
  message: (userId: UserId) => sql`
    select id, conversation_id, seq, message_type, content, metadata, sealed, parent_message_id, client_message_id, is_deleted, deleted_at, created_at
    from messages where sender_id = ${userId} and conversation_id in (${ofPerson(userId)}) order by conversation_id, seq`,
  receipt: (userId: UserId) => sql`
    select conversation_id, kind as receipt, seqs, at from receipt_marks
    where user_id = ${userId} and conversation_id in (${ofPerson(userId)}) order by conversation_id, bucket, at, kind, seqs`,
  audit: (userId: UserId) => sql`
    select at, action, actor_id, subject_id, conversation_id, message_id, reason from audit_log
    where actor_id = ${userId} or subject_id = ${userId} order by id`,
} satisfies Record<string, (userId: UserId) => RawBuilder<unknown>>

export type Section = keyof typeof sections

const ofPerson = (userId: UserId) => sql`
  select conversation_id from conversation_members where user_id = ${userId}
  union select conversation_id from former_members where user_id = ${userId}`

export async function readSection(
  db: Kysely<Tables>,
  section: Section,
  userId: UserId,
  offset: number,
  limit: number,
): Promise<SectionRow[]> {
  const { rows } = await sql<SectionRow>`${sections[section](userId)} limit ${limit} offset ${offset}`.execute(db)
  return rows
}
