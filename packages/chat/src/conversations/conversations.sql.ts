import type { ConversationId, ConversationType, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely'
import { unreadCount } from '../receipts/count-unread.js'
import type { ParticipantReceipts } from '../receipts/readers.js'
import { receiptsVersion, receiptsVersions } from '../receipts/receipts-version.js'
import { changedSince } from '../sync/snapshot.js'
import { laterThanBefore } from './later-than-before.js'

export interface SharedRow {
  id: ConversationId
  type: ConversationType
  created_by: UserId
  metadata: Record<string, unknown>
  last_message_at: Date | null
  created_at: Date
  updated_at: Date
  participant_count: number
}

/** A conversation as one of its participants sees it. */
export interface ConversationRow extends SharedRow {
  unread_count: string
}

const columns = sql`
  c.id, c.type, c.created_by, c.metadata, c.last_message_at, c.created_at, c.updated_at, c.participant_count, ${unreadCount()} as unread_count`

/** Time of the last message, else of the creation: what lists are ordered by. */
const activity = sql`coalesce(c.last_message_at, c.created_at)`

/** Where a conversation stands in a list. */
export interface Place {
  id: ConversationId
  activity_ms: string
}

/** A place with the state of what a list shows there. */
export interface VersionedPlace extends Place {
  version: string
  /** null where the conversation is too large to be cached. */
  receipts_version: string | null
  own_receipts_version: string
  /** Of each member, as JSON; where it was asked for, and under the same condition. */
  receipts_versions?: string | null
}

export interface ListOptions {
  type: ConversationType | undefined
  offset: number
  limit: number
  /** Only conversations with less activity than this one. */
  below: { activityMs: number; id: string } | undefined
}

export interface Listed<R extends Place> {
  rows: R[]
  /** Of all of the person's, on whatever page. */
  total: number
}

/** Conversations of a person, newest activity first. Sorting is over the person's own, never over the table. */
export function listOwn(db: Kysely<Tables>, userId: UserId, options: ListOptions): Promise<Listed<ConversationRow & Place>> {
  // Joined again: carried along, they would make the sorting of thousands dearer.
  const joins = sql`
    left join conversations c on c.id = page.id
    left join conversation_members m on m.conversation_id = page.id and m.user_id = ${userId}`
  return listPage(db, userId, options, columns, joins)
}

/** The same without what is there: where each stands, and in which state it is. */
export function listPlaces(db: Kysely<Tables>, userId: UserId, options: ListOptions, forReplica: boolean): Promise<Listed<VersionedPlace>> {
  const ofEach = forReplica ? sql`, ${receiptsVersions(sql`page`)} as receipts_versions` : sql``
  const shown = sql`page.id, page.version, page.own_receipts_version, ${receiptsVersion(sql`page`)} as receipts_version ${ofEach}`
  return listPage(db, userId, options, shown, sql``)
}

/** `shown` and `joins` may use `page`. */
async function listPage<R extends Place>(
  db: Kysely<Tables>,
  userId: UserId,
  { type, below, limit, offset }: ListOptions,
  shown: RawBuilder<unknown>,
  joins: RawBuilder<unknown>,
): Promise<Listed<R>> {
  const own = sql`conversation_members m join conversations c on c.id = m.conversation_id where m.user_id = ${userId}`
  const ofType = type ? sql`and c.type = ${type}` : sql``
  const onlyBelow = below
    ? sql`and (${activity}, c.id) < (to_timestamp(${below.activityMs}::float8 / 1000)::timestamptz(3), ${below.id}::uuid)`
    : sql``
  // Of all of them an index knows how many there are.
  const count = type ? sql`select count(*) from ${own} ${ofType}` : sql`select count(*) from conversation_members where user_id = ${userId}`
  const { rows } = await sql<R & { total: string }>`
    with page as materialized (
      select c.id, c.version, c.participant_count, m.receipts_version as own_receipts_version, ${activity} as activity
      from ${own} ${ofType} ${onlyBelow} order by activity desc, c.id desc limit ${limit} offset ${offset}
    )
    select counted.total, (extract(epoch from page.activity) * 1000)::bigint as activity_ms, ${shown}
    from (select (${count}) as total) counted left join page on true ${joins}
    order by page.activity desc, page.id desc`.execute(db)
  return { rows: rows.filter((row) => row.id !== null), total: Number(rows[0]?.total ?? 0) }
}

/** Those of these conversations that the person takes part in, in the order given. */
export function listOwnByIds(db: Kysely<Tables>, userId: UserId, ids: readonly ConversationId[]): Promise<ConversationRow[]> {
  const asked = sql`
    unnest(${[...ids]}::uuid[]) with ordinality as asked (id, n) join conversations c on c.id = asked.id
    join conversation_members m on m.conversation_id = c.id and m.user_id = ${userId} order by asked.n`
  return selectOwn(db, asked)
}

/** Conversations that the person joined, or whose metadata, members or roles changed, since a snapshot. */
export function listOwnChanged(db: Kysely<Tables>, userId: UserId, since: string): Promise<ConversationRow[]> {
  const changed = sql`
    conversation_members m join conversations c on c.id = m.conversation_id
    where m.user_id = ${userId} and (${changedSince('c.changed_xid', since)} or ${changedSince('m.joined_xid', since)}) order by c.id`
  return selectOwn(db, changed)
}

async function selectOwn(db: Kysely<Tables>, from: RawBuilder<unknown>): Promise<ConversationRow[]> {
  const { rows } = await sql<ConversationRow>`select ${columns} from ${from}`.execute(db)
  return rows
}

/** A conversation for those who take part in it alike, without a viewer. */
export async function findShared(db: Kysely<Tables>, id: ConversationId): Promise<SharedRow | undefined> {
  const { rows } = await sql<SharedRow>`
    select c.id, c.type, c.created_by, c.metadata, c.last_message_at, c.created_at, c.updated_at, c.participant_count
    from conversations c where c.id = ${id}`.execute(db)
  return rows[0]
}

export interface ParticipantRow extends ParticipantReceipts {
  conversation_id: ConversationId
  participant_role: 'owner' | 'moderator' | 'member'
  first_name: string
  last_name: string
  avatar_url: string | null
  role: string | null
}

/**
 * Participants of conversations in the order in which they joined, each with whether they got and read the message with this seq;
 * of a channel only the first `shownOfChannel`.
 */
export async function listParticipants(
  db: Kysely<Tables>,
  of: readonly { id: ConversationId; seq: number }[],
  shownOfChannel: number,
): Promise<ParticipantRow[]> {
  const { rows } = await sql<ParticipantRow>`
    select m.conversation_id, m.user_id, m.role as participant_role, coalesce(u.first_name, '') as first_name,
      coalesce(u.last_name, '') as last_name, u.avatar_url, u.role, m.delivered_seqs @> asked.seq as has_got, m.read_seqs @> asked.seq as has_read
    from unnest(${of.map(({ id }) => id)}::uuid[], ${of.map(({ seq }) => seq)}::bigint[]) as asked (id, seq)
    join conversations c on c.id = asked.id
    cross join lateral (
      select * from conversation_members where conversation_id = c.id
      order by joined_at, user_id limit case when c.type = 'channel' then ${shownOfChannel}::int end
    ) m
    join users u on u.id = m.user_id
    order by m.conversation_id, m.joined_at, m.user_id`.execute(db)
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
