import type pg from 'pg'
import { readMessages, type LegacyMessage } from './legacy-source.js'

export interface MessageMove {
  conversationId: string
  batchSize: number
  signal: AbortSignal | undefined
}

type State = Pick<LegacyMessage, 'is_deleted' | 'is_edited'>

/**
 * Moves the messages that the target does not have, each batch in one transaction that also numbers them: an interrupted run leaves whole batches.
 * What an earlier run moved is compared, and changed where it was edited or deleted since.
 */
export async function moveMessages(source: pg.Client, target: pg.Client, move: MessageMove): Promise<{ moved: number; changed: number }> {
  const known = await listKnown(target, move.conversationId)
  const counts = { moved: 0, changed: 0 }
  for await (const page of readMessages(source, move.conversationId, move.batchSize)) {
    move.signal?.throwIfAborted()
    const fresh = page.filter(({ id }) => !known.has(id))
    const changed = page.filter((message) => hasChanged(known.get(message.id), message))
    await inTransaction(target, async () => {
      if (fresh.length > 0) await append(target, move.conversationId, fresh)
      if (changed.length > 0) await change(target, move.conversationId, changed)
    })
    counts.moved += fresh.length
    counts.changed += changed.length
  }
  return counts
}

async function listKnown(target: pg.Client, conversationId: string): Promise<Map<string, State>> {
  const { rows } = await target.query<State & { id: string }>('select id, is_deleted, is_edited from messages where conversation_id = $1', [
    conversationId,
  ])
  return new Map(rows.map((row) => [row.id, row]))
}

/** A deletion is never taken back: what was deleted here stays so. */
function hasChanged(known: State | undefined, message: LegacyMessage): boolean {
  if (!known || known.is_deleted) return false
  return message.is_deleted || (message.is_edited && !known.is_edited)
}

async function inTransaction(target: pg.Client, work: () => Promise<void>): Promise<void> {
  await target.query('begin')
  try {
    await work()
    await target.query('commit')
  } catch (error) {
    await target.query('rollback')
    throw error
  }
}

// The row of the conversation is the lock that sends take: seqs stay gap-free though the product may be in use.
async function append(target: pg.Client, conversationId: string, messages: readonly LegacyMessage[]): Promise<void> {
  await target.query(
    `with given as (
       select m.* from rows from (json_to_recordset($2) as (id uuid, sender_id uuid, parent_message_id uuid, message_type text, content text,
         metadata jsonb, is_edited boolean, is_deleted boolean, created_at timestamptz, updated_at timestamptz)) with ordinality
         as m (id, sender_id, parent_message_id, message_type, content, metadata, is_edited, is_deleted, created_at, updated_at, n)
     ), numbered as (
       update conversations set last_seq = last_seq + g.count, message_count = message_count + g.shown, version = version + 1,
         last_message_at = greatest(last_message_at, g.newest), changed_xid = pg_current_xact_id()
       from (select count(*) as count, count(*) filter (where not is_deleted) as shown, max(created_at) as newest from given) g
       where conversations.id = $1 returning last_seq - g.count as before
     )
     insert into messages (conversation_id, seq, id, sender_id, parent_message_id, message_type, content, metadata, is_edited, is_deleted,
       deleted_at, deleted_by, created_at, updated_at)
     select $1, before + n, id, sender_id, parent_message_id, message_type, content, metadata, is_edited, is_deleted,
       case when is_deleted then updated_at end, case when is_deleted then sender_id end, created_at, updated_at
     from given cross join numbered`,
    [conversationId, JSON.stringify(messages)],
  )
  await rememberDeletions(target, conversationId, messages)
}

async function change(target: pg.Client, conversationId: string, messages: readonly LegacyMessage[]): Promise<void> {
  await target.query('select 1 from conversations where id = $1 for no key update', [conversationId])
  await target.query(
    `with given as (
       select * from json_to_recordset($2) as m (id uuid, content text, metadata jsonb, is_edited boolean, is_deleted boolean, updated_at timestamptz)
     ), changed as (
       update messages m set content = g.content, metadata = g.metadata, is_edited = g.is_edited, is_deleted = g.is_deleted,
         deleted_at = case when g.is_deleted then g.updated_at end, deleted_by = case when g.is_deleted then m.sender_id end,
         updated_at = g.updated_at, changed_xid = pg_current_xact_id()
       from given g where m.conversation_id = $1 and m.id = g.id and not m.is_deleted
       returning g.is_deleted
     )
     update conversations set version = version + 1, changed_xid = pg_current_xact_id(),
       message_count = message_count - (select count(*) from changed where is_deleted)
     where id = $1`,
    [conversationId, JSON.stringify(messages)],
  )
  await rememberDeletions(target, conversationId, messages)
}

async function rememberDeletions(target: pg.Client, conversationId: string, messages: readonly LegacyMessage[]): Promise<void> {
  const ids = messages.filter(({ is_deleted }) => is_deleted).map(({ id }) => id)
  if (ids.length === 0) return
  await target.query(
    `insert into conversation_deletions (conversation_id, seqs)
     select $1, range_agg(int8range(seq, seq + 1)) from messages where conversation_id = $1 and id = any($2::uuid[]) having count(*) > 0
     on conflict (conversation_id) do update set seqs = conversation_deletions.seqs + excluded.seqs`,
    [conversationId, ids],
  )
}
