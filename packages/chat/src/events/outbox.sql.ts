import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'
import { removals, type Announcement } from './announcement.js'

export async function insertAnnouncement(tx: Transaction<Tables>, announcement: Announcement): Promise<string> {
  const row = await tx
    .insertInto('outbox')
    .values({ announcement: JSON.stringify(announcement) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function deleteAnnouncements(db: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  await sql`delete from outbox where id = any(${[...ids]}::bigint[])`.execute(db)
}

// Whoever was removed hears on until that is told: a second at most.
const removalWaitsMs = 300

/** Rows that waited for so long; and, once a removal waited too long, what was written before it, so that the order is kept. */
const hasWaited = (forMs: number) => sql<boolean>`(
  created_at < clock_timestamp() - ${forMs} * interval '1 ms'
  or id <= (
    select max(id) from outbox where announcement ->> 'action' = any(${[...removals]}::text[])
      and created_at < clock_timestamp() - ${removalWaitsMs} * interval '1 ms'
  ))`

/** Whether something has been waiting for longer than its writer would have needed. */
export async function isAnythingLeft(db: Kysely<Tables>, olderThanMs: number): Promise<boolean> {
  const { rows } = await sql<{ left: boolean }>`
    select exists (select 1 from outbox where ${hasWaited(olderThanMs)}) as left`.execute(db)
  return rows[0]?.left ?? false
}

/** One relay at a time: two would tell things in each other's order. Released with the transaction. */
export async function tryRelayLock(tx: Transaction<Tables>): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`select pg_try_advisory_xact_lock(hashtext('chat_outbox')) as locked`.execute(tx)
  return rows[0]?.locked ?? false
}

export interface LeftRow {
  id: string
  announcement: Announcement
  attempts: number
}

// Another process may be of a newer version and write kinds that this one does not know: they are left to those who do.
const kinds = { messages: true, receipts: true, deletion: true, creation: true, change: true } satisfies Record<Announcement['kind'], true>
const knownKinds = Object.keys(kinds)

export async function listLeft(tx: Transaction<Tables>, olderThanMs: number, limit: number): Promise<LeftRow[]> {
  const { rows } = await sql<LeftRow>`
    select id, announcement, attempts from outbox
    where ${hasWaited(olderThanMs)} and attempts < 3 and announcement ->> 'kind' = any(${knownKinds}) order by id limit ${limit}`.execute(
    tx,
  )
  return rows
}

export async function countAttempt(db: Kysely<Tables>, id: string): Promise<void> {
  await sql`update outbox set attempts = attempts + 1 where id = ${id}`.execute(db)
}
