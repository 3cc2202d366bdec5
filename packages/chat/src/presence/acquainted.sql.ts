import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'

/** Those of the given people who share a conversation with the person. */
export async function findAcquainted(db: Kysely<Tables>, userId: UserId, others: readonly UserId[]): Promise<Set<UserId>> {
  const { rows } = await sql<{ id: UserId }>`
    select asked.id from unnest(${[...others]}::uuid[]) as asked (id)
    where exists (
      select 1 from conversation_members theirs
      join conversation_members mine on mine.conversation_id = theirs.conversation_id and mine.user_id = ${userId}
      where theirs.user_id = asked.id
    )`.execute(db)
  return new Set(rows.map((row) => row.id))
}
