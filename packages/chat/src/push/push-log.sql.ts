import type { MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/**
 * Why somebody got, or did not get, a push of a message.
 *
 *   queued → sent | coalesced (a newer message went instead: of the conversation, or of another one where very many wait) | one of the others
 *   waiting: joined, asked again whether delivery was confirmed
 */
export type PushOutcome =
  | 'queued'
  | 'waiting'
  | 'sent'
  | 'coalesced'
  | 'delivered'
  | 'read'
  | 'muted'
  | 'quiet_hours'
  | 'left'
  | 'deleted'
  | 'inactive'
  | 'expired'
  | 'token_gone'
  | 'refused'

export interface PushLogEntry {
  messageId: string
  outcome: PushOutcome
  userIds: readonly string[]
  /** What FCM said, never a token; `generic` of one that was sent and showed nothing of the message. */
  detail?: string
}

export async function writePushLog(db: Kysely<Tables>, entries: readonly PushLogEntry[]): Promise<void> {
  const rows = entries.filter(({ userIds }) => userIds.length > 0)
  if (rows.length === 0) return
  await db
    .insertInto('push_log')
    .values(
      rows.map(({ messageId, outcome, userIds, detail }) => ({
        message_id: messageId,
        outcome,
        user_ids: [...userIds],
        detail: detail ?? null,
      })),
    )
    .execute()
}

export interface LoggedPush {
  user_id: UserId
  outcome: PushOutcome
  detail: string | null
  at: Date
}

/** What happened for a message, person by person, oldest first; at most `limit` entries. */
export async function listPushLog(db: Kysely<Tables>, messageId: MessageId, limit: number): Promise<LoggedPush[]> {
  const { rows } = await sql<LoggedPush>`
    select u.user_id, l.outcome, l.detail, l.at from push_log l cross join unnest(l.user_ids) as u (user_id)
    where l.message_id = ${messageId} order by l.id, u.user_id limit ${limit}`.execute(db)
  return rows
}

const keptDays = 30

/** Deletes what is too old to be asked for, pushes that expired while nothing could be sent, and rows of the version before that only kept a distance. */
export async function forgetOldPushes(db: Kysely<Tables>): Promise<void> {
  await sql`delete from push_log where at < now() - ${keptDays} * interval '1 day'`.execute(db)
  await sql`delete from push_jobs where seq is null and due_at < now() - interval '1 minute'`.execute(db)
  await sql`
    with gone as (
      delete from push_jobs where expires_at < clock_timestamp() and (leased_until is null or leased_until < clock_timestamp())
      returning message_id, user_id
    )
    insert into push_log (message_id, outcome, user_ids)
    select message_id, 'expired', array_agg(distinct user_id) from gone where message_id is not null group by message_id`.execute(db)
}
