import type pg from 'pg'

/** A conversation of the old tables. */
export interface LegacyConversation {
  id: string
  type: 'direct' | 'group' | 'channel'
  participant_ids: string[]
  created_by: string | null
  last_message_at: string | null
  metadata: object
  created_at: string
  updated_at: string
}

/** A message of the old tables. Times are text, so that nothing of them is lost on the way. */
export interface LegacyMessage {
  id: string
  sender_id: string
  parent_message_id: string | null
  message_type: string
  content: string | null
  metadata: object
  is_edited: boolean
  is_deleted: boolean
  created_at: string
  updated_at: string
}

export interface LegacyReceipts {
  id: string
  sender_id: string
  read_by: string[]
  delivered_to: string[]
}

// The contract's times have milliseconds. Cut, not rounded: nothing happens later than it did.
const cut = (column: string) => `date_trunc('milliseconds', ${column})`
// Both begin at the oldest, so that what is created meanwhile comes last.
const inOrder = 'order by created_at, id'

export async function listConversationIds(source: pg.Client): Promise<string[]> {
  const { rows } = await source.query<{ id: string }>(`select id from conversations ${inOrder}`)
  return rows.map(({ id }) => id)
}

export async function readConversation(source: pg.Client, id: string): Promise<LegacyConversation | undefined> {
  const { rows } = await source.query<LegacyConversation>(
    `select id, type, participant_ids, created_by, ${cut('last_message_at')}::text as last_message_at, coalesce(metadata, '{}') as metadata,
       ${cut('created_at')}::text as created_at, ${cut('updated_at')}::text as updated_at
     from conversations where id = $1`,
    [id],
  )
  return rows[0]
}

/** All messages of a conversation in the order of their time, a page at a time. They are of one moment, whatever the old application does. */
export function readMessages(source: pg.Client, conversationId: string, pageSize: number): AsyncGenerator<LegacyMessage[]> {
  const columns = `id, sender_id, parent_message_id, message_type, content, coalesce(metadata, '{}') as metadata,
    coalesce(is_edited, false) as is_edited, coalesce(is_deleted, false) as is_deleted,
    ${cut('created_at')}::text as created_at, ${cut('updated_at')}::text as updated_at`
  return readPages<LegacyMessage>(source, `select ${columns} from messages where conversation_id = $1 ${inOrder}`, conversationId, pageSize)
}

/** Who got and read what: messages that anybody but their sender has a receipt of. */
export function readReceipts(source: pg.Client, conversationId: string, pageSize: number): AsyncGenerator<LegacyReceipts[]> {
  const columns = `id, sender_id, coalesce(read_by, '{}') as read_by, coalesce(delivered_to, '{}') as delivered_to`
  const some = `coalesce(is_deleted, false) = false and (cardinality(read_by) > 0 or cardinality(delivered_to) > 0)`
  return readPages<LegacyReceipts>(
    source,
    `select ${columns} from messages where conversation_id = $1 and ${some}`,
    conversationId,
    pageSize,
  )
}

async function* readPages<T>(source: pg.Client, query: string, conversationId: string, pageSize: number): AsyncGenerator<T[]> {
  await source.query('begin isolation level repeatable read read only')
  try {
    // A cursor takes no parameters; this is an id that came out of the database.
    await source.query(`declare pages no scroll cursor for ${query.replace('$1', `'${conversationId}'`)}`)
    for (;;) {
      const { rows } = await source.query(`fetch ${pageSize} from pages`)
      if (rows.length === 0) return
      yield rows as T[]
    }
  } finally {
    await source.query('rollback')
  }
}
