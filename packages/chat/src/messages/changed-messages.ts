import type { UserId } from '@viatra-chat/contract'
import { sql, type RawBuilder } from 'kysely'

/**
 * Messages of the person's conversations that changed since a snapshot, as the table `m` of a `from`. Both look-ups are kept apart ("offset 0"), and the
 * snapshot is one that the planner cannot look into, so that there is one plan for all values: by the indexes, conversation by conversation.
 * Else PostgreSQL plans each round anew, which on 64 partitions takes longer than all the rest, or once to read whole tables.
 */
export function changedMessages(userId: UserId, snapshot: string): RawBuilder<unknown> {
  return sql`
    (select conversation_id from conversation_members where user_id = ${userId} offset 0) mine
    cross join lateral (
      select * from messages
      where conversation_id = mine.conversation_id and changed_xid >= (select pg_snapshot_xmin(${snapshot}::pg_snapshot))
        and not pg_visible_in_snapshot(changed_xid, ${snapshot}::pg_snapshot) offset 0
    ) m`
}
