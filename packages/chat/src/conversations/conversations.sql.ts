import type { ConversationId, ConversationType, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely'
import { receiptsVersion, receiptsVersions } from '../receipts/receipts-version.js'
import { changedSince } from '../sync/snapshot.js'
import { laterThanBefore } from './later-than-before.js'

export interface ConversationRow {
  id: ConversationId
  type: ConversationType
  created_by: UserId
  metadata: Record<string, unknown>
  last_message_at: Date | null
  created_at: Date
  updated_at: Date
  participant_count: number
  version: string
  /** null where the conversation is too large to be cached. */
  receipts_version: string | null
  own_receipts_version: string
  /** Of each member, as JSON; where it was asked for, and under the same condition. */
  receipts_versions?: string | null
}

const columns = sql`
  c.id, c.type, c.created_by, c.metadata, c.last_message_at, c.created_at, c.updated_at, c.participant_count, c.version,
  m.receipts_version as own_receipts_version, ${receiptsVersion()} as receipts_version`

/** Time of the last message, else of the creation: what lists are ordered by. */
const activity = sql`coalesce(c.last_message_at, c.created_at)`

export interface ListOptions {
  type: ConversationType | undefined
  offset: number
  limit: number
  /** Only conversations with less activity than this one. */
  below: { activityMs: number; id: string } | undefined
  /** Whether it is to be known what a replica must show. */
  forReplica?: boolean
}

/** Conversations of a person, newest activity first, with the count of all of them. Sorting is over the person's own, never over the table. */
export async function listOwn(
  db: Kysely<Tables>,
  userId: UserId,
  options: ListOptions,
): Promise<{ rows: ConversationRow[]; total: number }> {
  const ofType = options.type ? sql`and c.type = ${options.type}` : sql``
  const below = options.below
    ? sql`and (${activity}, c.id) < (to_timestamp(${options.below.activityMs}::float8 / 1000)::timestamptz(3), ${options.below.id}::uuid)`
    : sql``
  const forReplica = options.forReplica ? sql`, ${receiptsVersions()} as receipts_versions` : sql``
  const mine = sql`conversation_members m join conversations c on c.id = m.conversation_id where m.user_id = ${userId} ${ofType}`
  const { rows } = await sql<ConversationRow & { total: string }>`
    with counted as (select count(*) as total from ${mine}),
    page as materialized (
      select c.id, ${activity} as activity from ${mine} ${below} order by activity desc, c.id desc limit ${options.limit} offset ${options.offset}
    )
    select counted.total, ${columns} ${forReplica} from counted
    left join page on true left join conversations c on c.id = page.id
    left join conversation_members m on m.conversation_id = c.id and m.user_id = ${userId}
    order by page.activity desc, page.id desc`.execute(db)
  return { rows: rows.filter((row) => row.id !== null), total: Number(rows[0]?.total ?? 0) }
}

export function listOwnByIds(db: Kysely<Tables>, userId: UserId, ids: readonly ConversationId[]): Promise<ConversationRow[]> {
  return selectOwn(db, userId, sql`c.id = any(${[...ids]}::uuid[])`)
}

/** Conversations that the person joined, or whose metadata, members or roles changed, since a snapshot. */
export function listOwnChanged(db: Kysely<Tables>, userId: UserId, since: string): Promise<ConversationRow[]> {
  return selectOwn(db, userId, sql`(${changedSince('c.changed_xid', since)} or ${changedSince('m.joined_xid', since)})`)
}

async function selectOwn(db: Kysely<Tables>, userId: UserId, condition: RawBuilder<unknown>): Promise<ConversationRow[]> {
  const { rows } = await sql<ConversationRow>`
    select ${columns} from conversation_members m join conversations c on c.id = m.conversation_id
    where m.user_id = ${userId} and ${condition} order by c.id`.execute(db)
  return rows
}

/** A conversation for those who take part in it alike, without a viewer. */
export async function findShared(db: Kysely<Tables>, id: ConversationId): Promise<ConversationRow | undefined> {
  const { rows } = await sql<ConversationRow>`
    select c.id, c.type, c.created_by, c.metadata, c.last_message_at, c.created_at, c.updated_at, c.participant_count, c.version,
      '0' as own_receipts_version, null as receipts_version
    from conversations c where c.id = ${id}`.execute(db)
  return rows[0]
}

export interface ParticipantRow {
  conversation_id: ConversationId
  user_id: UserId
  participant_role: 'owner' | 'moderator' | 'member'
  first_name: string
  last_name: string
  avatar_url: string | null
  role: string | null
}

/** Participants in the order in which they joined; of a channel only the first `shownOfChannel`. */
export async function listParticipants(
  db: Kysely<Tables>,
  ids: readonly ConversationId[],
  shownOfChannel: number,
): Promise<ParticipantRow[]> {
  const { rows } = await sql<ParticipantRow>`
    select c.id as conversation_id, m.user_id, m.role as participant_role, coalesce(u.first_name, '') as first_name,
      coalesce(u.last_name, '') as last_name, u.avatar_url, u.role
    from conversations c
    cross join lateral (
      select user_id, role, joined_at from conversation_members where conversation_id = c.id
      order by joined_at, user_id limit case when c.type = 'channel' then ${shownOfChannel}::int end
    ) m
    join users u on u.id = m.user_id
    where c.id = any(${[...ids]}::uuid[])
    order by c.id, m.joined_at, m.user_id`.execute(db)
  return rows
}

export interface NewConversation {
  id: ConversationId
  type: ConversationType
  directKey: string | null
  createdBy: UserId
  metadata: Record<string, unknown>
  userIds: readonly UserId[]
}

/** Creates a conversation with its members; false when a direct conversation of these two is there already. */
export async function insertConversation(tx: Transaction<Tables>, conversation: NewConversation): Promise<boolean> {
  const inserted = await tx
    .insertInto('conversations')
    .values({
      id: conversation.id,
      type: conversation.type,
      direct_key: conversation.directKey,
      created_by: conversation.createdBy,
      metadata: JSON.stringify(conversation.metadata),
      participant_count: conversation.userIds.length,
    })
    .onConflict((conflict) => conflict.column('direct_key').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!inserted) return false
  await sql`
    insert into conversation_members (conversation_id, user_id, role)
    select ${conversation.id}, id, case when id = ${conversation.createdBy} then 'owner' else 'member' end
    from unnest(${[...conversation.userIds]}::uuid[]) as person (id)`.execute(tx)
  return true
}

export async function findDirect(db: Kysely<Tables>, directKey: string): Promise<ConversationId | undefined> {
  const row = await db.selectFrom('conversations').select('id').where('direct_key', '=', directKey).executeTakeFirst()
  return row?.id as ConversationId | undefined
}

export async function updateMetadata(tx: Transaction<Tables>, id: ConversationId, metadata: Record<string, unknown>): Promise<void> {
  await sql`
    update conversations set metadata = ${JSON.stringify(metadata)}::jsonb, version = version + 1, updated_at = ${laterThanBefore}, changed_xid = pg_current_xact_id()
    where id = ${id}`.execute(tx)
}
