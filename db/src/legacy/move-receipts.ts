import type pg from 'pg'
import { toMultirange } from '../seed/multirange.js'
import { readReceipts, type LegacyConversation, type LegacyReceipts } from './legacy-source.js'

const pageSize = 5000

interface Marks {
  delivered: number[]
  read: number[]
}

interface Numbered {
  id: string
  seq: number
  sender_id: string
  is_deleted: boolean
}

/**
 * Turns the arrays of the messages into ranges of the members, and adds them to what the members have. Whoever has receipts and takes part no
 * longer is a former member. When something was got or read the old tables did not say: the log gets the last change of the messages around it.
 */
export async function moveReceipts(source: pg.Client, target: pg.Client, conversation: LegacyConversation): Promise<void> {
  const messages = await listNumbered(target, conversation.id)
  const seqs = new Map(messages.map(({ id, seq }) => [id, seq]))
  const marks = new Map<string, Marks>()
  for await (const page of readReceipts(source, conversation.id, pageSize)) for (const receipts of page) gather(marks, receipts, seqs)
  if (marks.size === 0) return
  const rows = [...marks].map(([userId, { delivered, read }]) => ({
    user_id: userId,
    marked: toMultirange(ascending(delivered)),
    marked_read: toMultirange(ascending(read)),
    delivered: toMultirange(withBridges(userId, delivered, messages)),
    read: toMultirange(withBridges(userId, read, messages)),
  }))
  await target.query('begin')
  try {
    await addReceipts(target, conversation, JSON.stringify(rows))
    await target.query('commit')
  } catch (error) {
    await target.query('rollback')
    throw error
  }
}

async function listNumbered(target: pg.Client, conversationId: string): Promise<Numbered[]> {
  const { rows } = await target.query<Numbered>(
    'select id, seq::int as seq, sender_id, is_deleted from messages where conversation_id = $1 order by seq',
    [conversationId],
  )
  return rows
}

function gather(
  marks: Map<string, Marks>,
  { id, sender_id, read_by, delivered_to }: LegacyReceipts,
  seqs: ReadonlyMap<string, number>,
): void {
  const seq = seqs.get(id)
  if (seq === undefined) return
  const of = (userId: string) => {
    const own = marks.get(userId) ?? { delivered: [], read: [] }
    marks.set(userId, own)
    return own
  }
  // Read implies delivered; a sender has no receipt of their own.
  for (const userId of new Set([...read_by, ...delivered_to])) if (userId !== sender_id) of(userId).delivered.push(seq)
  for (const userId of new Set(read_by)) if (userId !== sender_id) of(userId).read.push(seq)
}

const ascending = (seqs: readonly number[]) => [...seqs].sort((one, other) => one - other)

/** As the product marks: own and deleted messages among those marked are covered with them, so that ranges stay few. */
function withBridges(userId: string, seqs: readonly number[], messages: readonly Numbered[]): number[] {
  const last = seqs.reduce((high, seq) => Math.max(high, seq), 0)
  const bridges = messages
    .filter(({ seq, sender_id, is_deleted }) => seq < last && (sender_id === userId || is_deleted))
    .map(({ seq }) => seq)
  return ascending([...new Set([...seqs, ...bridges])])
}

async function addReceipts(target: pg.Client, { id, updated_at }: LegacyConversation, rows: string): Promise<void> {
  const given = `json_to_recordset($2) as g (user_id uuid, marked int8multirange, marked_read int8multirange, delivered int8multirange, read int8multirange)`
  await target.query(
    `insert into former_members (conversation_id, user_id, left_at, delivered_seqs, read_seqs)
     select $1, g.user_id, $3, '{}', '{}' from ${given} join users u on u.id = g.user_id
     where not exists (select 1 from conversation_members m where m.conversation_id = $1 and m.user_id = g.user_id)
     on conflict do nothing`,
    [id, rows, updated_at],
  )
  // Before the ranges grow: the log gets what they do not have yet.
  await target.query(
    `insert into receipt_marks (conversation_id, bucket, user_id, kind, seqs, at)
     select $1, bucket, user_id, kind, part, (select max(updated_at) from messages where conversation_id = $1 and seq between bucket << 5 and (bucket << 5) + 31)
     from (select user_id, 'delivered' as kind, g.marked - m.delivered_seqs as fresh from ${given} join conversation_members m using (user_id) where m.conversation_id = $1
       union all
       select user_id, 'read', g.marked_read - m.read_seqs from ${given} join conversation_members m using (user_id) where m.conversation_id = $1) f
     cross join lateral generate_series(lower(fresh) >> 5, (upper(fresh) - 1) >> 5) bucket
     cross join lateral (select fresh * int8multirange(int8range(bucket << 5, (bucket + 1) << 5)) as part) p
     where not isempty(part)`,
    [id, rows],
  )
  for (const table of ['conversation_members', 'former_members']) {
    const version = table === 'conversation_members' ? ', receipts_version = m.receipts_version + 1' : ''
    await target.query(
      `update ${table} m set delivered_seqs = m.delivered_seqs + g.delivered, read_seqs = m.read_seqs + g.read${version}
       from ${given} where m.conversation_id = $1 and m.user_id = g.user_id and not (m.delivered_seqs @> g.delivered and m.read_seqs @> g.read)`,
      [id, rows],
    )
  }
}
