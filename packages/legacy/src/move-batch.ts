import type pg from 'pg'
import { adaptMetadata } from './adapt-metadata.js'
import { keepOriginals, noteBatch, remember } from './bookkeep-batch.sql.js'
import { movePeopleOfBatch } from './members.sql.js'
import { moveMessages } from './messages.sql.js'
import { planConversations } from './plan.sql.js'
import { markReceipts } from './receipts.sql.js'
import { inSnapshot, readBatches, stage } from './read-batches.js'

/** Moves conversations with everything in them, in one transaction of the target, which holds their locks meanwhile. */
export async function moveBatch(old: pg.Client, target: pg.Client, ids: readonly string[]): Promise<void> {
  await target.query(emptyStaging)
  await inSnapshot(old, async () => {
    await stageRows(old, target, { table: 'staged_conversations', query: oldConversations, ids })
    await stageRows(old, target, { table: 'staged_messages', query: oldMessages, ids })
  })
  await target.query('analyze staged_conversations; analyze staged_messages; analyze adapted')
  await commitBatch(target)
}

const emptyStaging = 'truncate staged_conversations, staged_messages, adapted, planned, numbered, marked, receipts'

// In the way of a batch: the product made the same direct conversation, or locked in another order, at the same moment.
const passing = new Set(['23505', '40001', '40P01'])
const attemptsMax = 3

async function commitBatch(target: pg.Client, attempt = 1): Promise<void> {
  try {
    await target.query('begin')
    for (const statement of [...planConversations, ...moveMessages, ...markReceipts, ...movePeopleOfBatch]) await target.query(statement)
    for (const statement of [...keepOriginals, ...noteBatch, ...remember]) await target.query(statement)
    await target.query('commit')
  } catch (error) {
    await target.query('rollback')
    if (attempt === attemptsMax || !isPassing(error)) throw error
    await commitBatch(target, attempt + 1)
  }
}

const isPassing = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && passing.has(error.code)

// As JSON texts, made by PostgreSQL and read by PostgreSQL: what is in between looks at metadata only.
const oldConversations = `
select id, id as conversation_id, nullif(metadata, '{}')::text as metadata, to_json(c)::text as row from (
  select id, type, participant_ids, created_by, last_message_at, metadata, coalesce(created_at, updated_at, 'epoch') as created_at,
    coalesce(updated_at, created_at, 'epoch') as updated_at
  from conversations where id = any($1::uuid[])
) c`

const oldMessages = `
select id, conversation_id, nullif(metadata, '{}')::text as metadata, to_json(m)::text as row from (
  select id, conversation_id, sender_id, parent_message_id, message_type, content, metadata, read_by, delivered_to, is_edited, is_deleted, created_at, updated_at
  from messages where conversation_id = any($1::uuid[])
) m`

interface OldRow {
  id: string
  conversation_id: string
  /** Null when there is none. */
  metadata: string | null
  row: string
}

async function stageRows(
  old: pg.Client,
  target: pg.Client,
  { table, query, ids }: { table: string; query: string; ids: readonly string[] },
): Promise<void> {
  for await (const rows of readBatches<OldRow>(old, query, [ids])) {
    const texts = rows.map(({ row }) => row)
    const adapted = rows.flatMap(adaptRow)
    await stage(target, table, texts)
    await stage(target, 'adapted', adapted)
  }
}

function adaptRow({ id, conversation_id, metadata }: OldRow): string[] {
  const adapted = metadata === null ? undefined : adaptMetadata(metadata)
  return adapted ? [JSON.stringify({ id, conversation_id, metadata: JSON.stringify(adapted.metadata), problem: adapted.problem })] : []
}
