import type { ConversationId, SyncedReceipts, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import { changedMessages } from '../messages/changed-messages.js'
import { parseSeqRanges } from '../receipts/seq-ranges.js'
import { changedSince } from './snapshot.js'

export interface Moment {
  database: string
  /** Which transactions were visible, as PostgreSQL writes it. */
  snapshot: string
}

/** Must be read in the transaction that reads the changes: both then speak of the same moment. */
export async function readMoment(db: Kysely<Tables>): Promise<Moment> {
  const { rows } = await sql<Moment>`
    select d.id as database, pg_current_snapshot()::text as snapshot from chat_database d`.execute(db)
  const [moment] = rows
  if (!moment) throw new Error('chat_database has no row')
  return moment
}

/** Changed messages of the person's conversations, counted up to one more than `most`. */
export async function countChanged(db: Kysely<Tables>, userId: UserId, since: string, most: number): Promise<number> {
  const { rows } = await sql<{ changes: string }>`
    select count(*) as changes from (
      select from ${changedMessages(userId, since, most + 1)} limit ${most + 1}
    ) changed`.execute(db)
  return Number(rows[0]?.changes ?? 0)
}

/** What participants marked since a snapshot, as ranges, per conversation and person. */
export async function listChangedReceipts(db: Kysely<Tables>, userId: UserId, since: string): Promise<SyncedReceipts[]> {
  const { rows } = await sql<{ conversation_id: ConversationId; user_id: UserId; delivered: string; read: string | null }>`
    select k.conversation_id, k.user_id, range_agg(k.seqs) as delivered, range_agg(k.seqs) filter (where k.kind = 'read') as read
    from conversation_members mine
    join receipt_marks k on k.conversation_id = mine.conversation_id and ${changedSince('k.changed_xid', since)}
    join conversation_members theirs on theirs.conversation_id = k.conversation_id and theirs.user_id = k.user_id
    where mine.user_id = ${userId}
    group by k.conversation_id, k.user_id order by k.conversation_id, k.user_id`.execute(db)
  return rows.map((row) => ({
    conversation_id: row.conversation_id,
    user_id: row.user_id,
    delivered: toPairs(row.delivered),
    read: toPairs(row.read ?? '{}'),
  }))
}

const toPairs = (ranges: string) => parseSeqRanges(ranges).map(([from, to]): [number, number] => [from, to])

export async function listLeft(db: Kysely<Tables>, userId: UserId, since: string): Promise<ConversationId[]> {
  const { rows } = await sql<{ conversation_id: ConversationId }>`
    select conversation_id from former_members where user_id = ${userId} and ${changedSince('left_xid', since)} order by conversation_id`.execute(
    db,
  )
  return rows.map((row) => row.conversation_id)
}
