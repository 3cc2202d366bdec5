import type { ConversationId, SyncedReceipts, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import { parseSeqRanges } from '../receipts/seq-ranges.js'

export interface Snapshot {
  database: string
  /** The oldest transaction that was still open: whatever is not visible yet has this number or a higher one. */
  xmin: string
}

/** Must be read in the transaction that reads the changes: both then speak of the same moment. */
export async function readSnapshot(db: Kysely<Tables>): Promise<Snapshot> {
  const { rows } = await sql<Snapshot>`
    select d.id as database, pg_snapshot_xmin(pg_current_snapshot())::text as xmin from chat_database d`.execute(db)
  const [snapshot] = rows
  if (!snapshot) throw new Error('chat_database has no row')
  return snapshot
}

/** Changed messages of the person's conversations, counted up to one more than `most`. */
export async function countChanged(db: Kysely<Tables>, userId: UserId, since: string, most: number): Promise<number> {
  const { rows } = await sql<{ changes: string }>`
    select count(*) as changes from (
      select 1 from conversation_members mine join messages m on m.conversation_id = mine.conversation_id
      where mine.user_id = ${userId} and m.changed_xid >= ${since}::xid8 limit ${most + 1}
    ) changed`.execute(db)
  return Number(rows[0]?.changes ?? 0)
}

/** What participants marked since a transaction, as ranges, per conversation and person. */
export async function listChangedReceipts(db: Kysely<Tables>, userId: UserId, since: string): Promise<SyncedReceipts[]> {
  const { rows } = await sql<{ conversation_id: ConversationId; user_id: UserId; delivered: string; read: string | null }>`
    select k.conversation_id, k.user_id, range_agg(k.seqs) as delivered, range_agg(k.seqs) filter (where k.kind = 'read') as read
    from conversation_members mine
    join receipt_marks k on k.conversation_id = mine.conversation_id and k.changed_xid >= ${since}::xid8
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
    select conversation_id from former_members where user_id = ${userId} and left_xid >= ${since}::xid8 order by conversation_id`.execute(
    db,
  )
  return rows.map((row) => row.conversation_id)
}
