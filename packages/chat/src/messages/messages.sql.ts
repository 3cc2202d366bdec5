import type { ConversationId, MessageId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely'
import type { Membership } from '../membership/membership.js'
import { changedMessages } from './changed-messages.js'
import type { MessageRow } from './message-row.js'

const columns = sql`
  m.id, m.conversation_id, m.seq, m.sender_id, m.parent_message_id, m.message_type, m.content, m.metadata, m.client_message_id,
  m.is_edited, m.is_deleted, m.created_at, m.updated_at,
  u.first_name, u.last_name, u.avatar_url, u.role,
  p.seq as parent_seq, p.sender_id as parent_sender_id, p.message_type as parent_type,
  left(p.content, 200) as parent_content, p.is_deleted as parent_deleted, m.sealed, p.sealed as parent_sealed`

// The parent is looked up by itself, for those that have one: before a table has statistics, as after it was filled at once, PostgreSQL thinks every
// conversation small, and would walk through all of it for each message of a page. The conversation is named twice, which makes indexes that begin
// with it look dearer than that of the ids; and as a value where it is known, so that no other partition is looked at.
const joinsWithin = (conversationId: RawBuilder<unknown>) => sql`
  left join users u on u.id = m.sender_id
  left join lateral (
    select seq, sender_id, message_type, content, is_deleted, sealed from messages
    where m.parent_message_id is not null and id = m.parent_message_id and conversation_id in (${conversationId}, ${conversationId}) offset 0
  ) p on true`
const joins = joinsWithin(sql`m.conversation_id`)

async function selectMessages(db: Kysely<Tables>, condition: RawBuilder<unknown>): Promise<MessageRow[]> {
  const { rows } = await sql<MessageRow>`select ${columns} from messages m ${joins} where ${condition}`.execute(db)
  return rows
}

/** Of one conversation: where the table is partitioned, only one partition is looked at. */
async function selectWithin(db: Kysely<Tables>, conversationId: ConversationId, condition: RawBuilder<unknown>): Promise<MessageRow[]> {
  const { rows } = await sql<MessageRow>`
    select ${columns} from messages m ${joinsWithin(sql`${conversationId}::uuid`)}
    where m.conversation_id = ${conversationId} and ${condition}`.execute(db)
  return rows
}

/** At most `limit` messages at or below a seq, newest first; deleted ones are left out. */
export function listAtOrBelow(db: Kysely<Tables>, conversationId: ConversationId, seq: number, limit: number): Promise<MessageRow[]> {
  return selectWithin(db, conversationId, sql`m.seq <= ${seq} and not m.is_deleted order by m.seq desc limit ${limit}`)
}

/** At most `limit` messages above a seq, the nearest ones, oldest first; deleted ones are left out. */
export function listAbove(db: Kysely<Tables>, conversationId: ConversationId, seq: number, limit: number): Promise<MessageRow[]> {
  return selectWithin(db, conversationId, sql`m.seq > ${seq} and not m.is_deleted order by m.seq limit ${limit}`)
}

/** Messages below a seq, newest first, deleted ones with their content. */
export async function listWithDeleted(
  db: Kysely<Tables>,
  conversationId: ConversationId,
  belowSeq: number,
  limit: number,
): Promise<(MessageRow & { deleted_at: Date | null; deleted_by: string | null })[]> {
  const { rows } = await sql<MessageRow & { deleted_at: Date | null; deleted_by: string | null }>`
    select ${columns}, m.deleted_at, m.deleted_by from messages m ${joinsWithin(sql`${conversationId}::uuid`)}
    where m.conversation_id = ${conversationId} and m.seq < ${belowSeq} order by m.seq desc limit ${limit}`.execute(db)
  return rows
}

/** A message of a conversation by id, deleted or not. */
export async function findMessage(db: Kysely<Tables>, conversationId: ConversationId, id: MessageId): Promise<MessageRow | undefined> {
  const [row] = await selectWithin(db, conversationId, sql`m.id = ${id}`)
  return row
}

/** The conversation of a message, deleted or not. Looks through all partitions, where there are any: a query of its own, so that nothing else does. */
export async function findConversationOf(db: Kysely<Tables>, id: MessageId): Promise<ConversationId | undefined> {
  const row = await db.selectFrom('messages').select('conversation_id').where('id', '=', id).executeTakeFirst()
  return row && (row.conversation_id as ConversationId)
}

/** The newest message of each conversation that is not deleted. */
export function listNewest(db: Kysely<Tables>, conversationIds: readonly ConversationId[]): Promise<MessageRow[]> {
  return selectMessages(
    db,
    sql`(m.conversation_id, m.seq) in (
      select c.id, newest.seq from unnest(${[...conversationIds]}::uuid[]) as c (id)
      cross join lateral (select seq from messages where conversation_id = c.id and not is_deleted order by seq desc limit 1) newest)`,
  )
}

/** Messages at the given places, in order; deleted ones are left out. */
export function listAt(db: Kysely<Tables>, at: readonly (readonly [ConversationId, number])[]): Promise<MessageRow[]> {
  const places = sql`select * from unnest(${at.map(([id]) => id)}::uuid[], ${at.map(([, seq]) => seq)}::bigint[])`
  return selectMessages(db, sql`(m.conversation_id, m.seq) in (${places}) and not m.is_deleted order by m.conversation_id, m.seq`)
}

export interface ChangesAsked {
  userId: UserId
  /** The transaction from which on changes count. */
  since: string
  /** Only messages behind this position. */
  after: { conversationId: string; seq: number } | undefined
  limit: number
  /** Of what the messages say together; the first one may say more. */
  contentBytesMax: number
}

/**
 * Messages of the person's conversations that changed, in order of conversation and seq:
 * as many as the bounds let through, each with how many were `found`, up to one above the limit.
 */
export async function listChanged(
  db: Kysely<Tables>,
  { userId, since, after, limit, contentBytesMax }: ChangesAsked,
): Promise<(MessageRow & { found: string })[]> {
  const position = after ? sql`(m.conversation_id, m.seq) > (${after.conversationId}::uuid, ${after.seq}::bigint)` : sql`true`
  const { rows } = await sql<MessageRow & { found: string }>`
    select * from (
      select page.*, count(*) over () as found, row_number() over in_order as place,
        sum(octet_length(coalesce(content, '')) + octet_length(metadata::text) + octet_length(coalesce(sealed, ''))) over in_order as bytes
      from (
        select ${columns} from (
          select m.* from ${changedMessages(userId, since)} where ${position} order by m.conversation_id, m.seq limit ${limit + 1}
        ) m ${joins}
      ) page
      window in_order as (order by conversation_id, seq rows unbounded preceding)
    ) counted
    where place <= ${limit} and (place = 1 or bytes <= ${contentBytesMax}) order by place`.execute(db)
  return rows
}

/** The seq of a message of this conversation, deleted or not. */
export async function findSeq(db: Kysely<Tables>, conversationId: ConversationId, id: MessageId): Promise<number | undefined> {
  const row = await db
    .selectFrom('messages')
    .select('seq')
    .where('id', '=', id)
    .where('conversation_id', '=', conversationId)
    .executeTakeFirst()
  return row && Number(row.seq)
}

/** Seqs of the deleted messages of a conversation, as a multirange. */
export async function findDeletedSeqs(db: Kysely<Tables>, conversationId: ConversationId): Promise<string> {
  const row = await db.selectFrom('conversation_deletions').select('seqs').where('conversation_id', '=', conversationId).executeTakeFirst()
  return row?.seqs ?? '{}'
}

export interface Deletion {
  seq: string
  deleted_at: Date
  last_message_at: Date | null
  /** Of the conversation, from now on. */
  version: string
}

/** Marks a message as deleted in a transaction that holds the conversation's lock; undefined when it was deleted already. */
export async function markDeleted(tx: Transaction<Tables>, membership: Membership, id: MessageId): Promise<Deletion | undefined> {
  const { rows } = await sql<Deletion>`
    with gone as (
      update messages set is_deleted = true, deleted_at = now(), deleted_by = ${membership.userId}, updated_at = now(),
        changed_xid = pg_current_xact_id()
      where id = ${id} and conversation_id = ${membership.conversation.id} and not is_deleted
      returning conversation_id, seq, deleted_at
    ), noted as (
      insert into conversation_deletions (conversation_id, seqs)
      select conversation_id, int8multirange(int8range(seq, seq + 1)) from gone
      on conflict (conversation_id) do update set seqs = conversation_deletions.seqs + excluded.seqs
    ), counted as (
      update conversations set message_count = message_count - 1, version = version + 1 from gone where id = gone.conversation_id
      returning last_message_at, version
    )
    select gone.seq, gone.deleted_at, counted.last_message_at, counted.version from gone cross join counted`.execute(tx)
  return rows[0]
}

export async function findDeletion(db: Kysely<Tables>, conversationId: ConversationId, id: MessageId) {
  return db
    .selectFrom('messages')
    .select(['id', 'conversation_id', 'content', 'metadata', 'sealed', 'deleted_at', 'deleted_by'])
    .where('id', '=', id)
    .where('conversation_id', '=', conversationId)
    .executeTakeFirst()
}
