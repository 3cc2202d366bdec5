import type pg from 'pg'
import { inTransaction } from './in-transaction.js'
import type { NextTable } from './next-table.js'

/** Who copies a batch holds it alone, who changes or deletes messages together with others. */
export const batchLock = `hashtext('viatra-chat db:partition batch')`

/**
 * From its commit on, every change of `messages` is made in `messages_next` too, in the same transaction. It waits for those who are writing
 * (their changes are for the copying to find), and they for it.
 *
 * Why nothing is missed, doubled or set back, whichever way copying and changes meet:
 * - A message that is sent is mirrored in the transaction that stores it. A copier that sees the message sees its mirror, and passes over.
 * - A change or deletion and a batch exclude each other (`batchLock`, taken before the first row is touched). One that was first is committed,
 *   and the batch sees what it made; one that comes later finds in `messages_next` what the batch put there: the statements of a trigger see
 *   what was committed before they began. A transaction of another isolation level would not: changes of it fail by themselves on the row
 *   that they cannot see, and deletions are refused.
 * - The copier waits for nobody while it holds anything, nor does anybody who holds rows wait for the copier's: no deadlock.
 */
export async function startMirror(client: pg.Client, { columns, columnsBesideKey }: NextTable): Promise<void> {
  const changed = columnsBesideKey.map((column) => `${column} = excluded.${column}`).join(', ')
  await inTransaction(client, async () => {
    await client.query(`
      create function chat_partition_wait() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
      begin
        if TG_OP = 'DELETE' and current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
          raise exception 'messages are being partitioned: delete them in a transaction that is read committed' using errcode = 'serialization_failure';
        end if;
        perform pg_advisory_xact_lock_shared(${batchLock});
        return null;
      end $$;

      create function chat_partition_refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'messages are being partitioned: their keys cannot change now' using errcode = 'object_in_use';
      end $$;

      create function chat_partition_mirror() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      begin
        if TG_OP = 'DELETE' then
          delete from messages_next n using old_rows o where n.conversation_id = o.conversation_id and n.seq = o.seq;
        else
          insert into messages_next (${columns}) select ${columns} from new_rows
          on conflict (conversation_id, seq) do update set ${changed};
        end if;
        return null;
      end $$;
      revoke execute on function chat_partition_wait(), chat_partition_refuse(), chat_partition_mirror() from public;

      create trigger chat_partition_wait before update or delete on messages for each statement execute function chat_partition_wait();
      create trigger chat_partition_refuse before update of conversation_id, seq or truncate on messages
        for each statement execute function chat_partition_refuse();
      create trigger chat_partition_insert after insert on messages referencing new table as new_rows
        for each statement execute function chat_partition_mirror();
      create trigger chat_partition_update after update on messages referencing new table as new_rows
        for each statement execute function chat_partition_mirror();
      create trigger chat_partition_delete after delete on messages referencing old table as old_rows
        for each statement execute function chat_partition_mirror()`)
  })
}

/** The triggers go with their functions. Locks `messages` only where there are any. */
export const dropMirror = `
  drop function if exists chat_partition_wait() cascade;
  drop function if exists chat_partition_refuse() cascade;
  drop function if exists chat_partition_mirror() cascade`
