import type { UserId } from '@viatra-chat/contract'
import { sql, type RawBuilder } from 'kysely'

/**
 * Messages of the person's conversations that changed since a snapshot, as the table `m` of a `from`; of each conversation all, or where `most`
 * is given, those among its newest `most` seqs and those that changed after they were stored.
 *
 * Seqs are given under the conversation's lock, in commit order: those that a snapshot does not show are the last ones. So what is new begins after
 * the last message that was visible, found from the end backwards, and no send has to pay for an index by `changed_xid`. The others were changed
 * after they were stored, and are in `idx_messages_changed_later`: whoever changes a message sees to it that the index's condition is true.
 *
 * Who adds a message changes the row of its conversation in the same transaction. Whether that row is older than the snapshot spares a look at the
 * messages of each conversation where nothing happened. Its `xmin` is 32 bits of a transaction's id, taken for the newest id that ends in them:
 * for a very old row that is too new, which costs such a look.
 *
 * The look-ups are kept apart ("offset 0"), and the snapshot is one that the planner cannot look into, so that there is one plan for all
 * values: by the indexes, conversation by conversation. Else PostgreSQL plans each round anew, which on 64 partitions takes longer than all the
 * rest, or once to read whole tables.
 */
export function changedMessages(userId: UserId, snapshot: string, most?: number): RawBuilder<unknown> {
  const since = sql`${snapshot}::pg_snapshot`
  const wasVisible = sql`pg_visible_in_snapshot(changed_xid, ${since})`
  const changedLater = sql`(is_deleted or updated_at <> created_at)`
  const nextXid = sql`(select pg_snapshot_xmax(pg_current_snapshot())::text::bigint)`
  const rowXid = sql`${nextXid} - ((${nextXid} - c.xmin::text::bigint) & 4294967295)`
  return sql`
    (
      select c.id as conversation_id, ${most === undefined ? sql`0::bigint` : sql`c.last_seq - ${most}::bigint`} as before_first,
        ${rowXid} >= (select pg_snapshot_xmin(${since})::text::bigint) as may_have_new
      from conversation_members m join conversations c on c.id = m.conversation_id where m.user_id = ${userId} offset 0
    ) mine
    cross join lateral (
      select * from messages
      where conversation_id = mine.conversation_id and ${changedLater}
        and changed_xid >= (select pg_snapshot_xmin(${since})) and not ${wasVisible}
      union all
      select * from messages
      where mine.may_have_new and conversation_id = mine.conversation_id and not ${changedLater} and seq > coalesce((
        select seq from messages
        where conversation_id = mine.conversation_id and seq > mine.before_first and ${wasVisible} order by seq desc limit 1
      ), mine.before_first)
      offset 0
    ) m`
}
