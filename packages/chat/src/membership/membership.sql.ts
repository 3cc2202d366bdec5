import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'
import { laterThanBefore } from '../conversations/later-than-before.js'
import { receiptsVersion, receiptsVersions } from '../receipts/receipts-version.js'

export function findMembership(db: Kysely<Tables>, conversationId: ConversationId, userId: UserId, forReplica = false) {
  return db
    .selectFrom('conversations as c')
    .leftJoin('conversation_members as m', (join) => join.onRef('m.conversation_id', '=', 'c.id').on('m.user_id', '=', userId))
    .where('c.id', '=', conversationId)
    .select(['c.id', 'c.type', 'c.last_seq', 'c.message_count', 'c.participant_count', 'c.metadata', 'c.version', 'm.role'])
    .select(receiptsVersion().as('receipts_version'))
    .$if(forReplica, (query) => query.select(receiptsVersions().as('receipts_versions')))
    .executeTakeFirst()
}

/** Somebody's place in a conversation, asked for. */
export interface MembershipKey {
  conversationId: ConversationId
  userId: UserId
}

/** The same for many, without the version of receipts; in the order asked, undefined where there is no such conversation. */
export async function findMemberships(db: Kysely<Tables>, keys: readonly MembershipKey[]) {
  const conversationIds = keys.map(({ conversationId }) => conversationId)
  const userIds = keys.map(({ userId }) => userId)
  const { rows } = await sql<NonNullable<Awaited<ReturnType<typeof findMembership>>> & { n: string }>`
    select asked.n, c.id, c.type, c.last_seq, c.message_count, c.participant_count, c.metadata, c.version, m.role, null as receipts_version
    from unnest(${conversationIds}::uuid[], ${userIds}::uuid[]) with ordinality as asked (conversation_id, user_id, n)
    join conversations c on c.id = asked.conversation_id
    left join conversation_members m on m.conversation_id = c.id and m.user_id = asked.user_id`.execute(db)
  const byNumber = new Map(rows.map(({ n, ...row }) => [Number(n) - 1, row]))
  return keys.map((_, n) => byNumber.get(n))
}

export async function lockConversation(tx: Transaction<Tables>, conversationId: ConversationId): Promise<void> {
  await tx.selectFrom('conversations').select('id').where('id', '=', conversationId).forNoKeyUpdate().execute()
}

export function findMember(tx: Transaction<Tables>, conversationId: ConversationId, userId: UserId) {
  return tx
    .selectFrom('conversation_members')
    .select('role')
    .where('conversation_id', '=', conversationId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
}

export async function listMemberIds(db: Kysely<Tables>, conversationId: ConversationId): Promise<UserId[]> {
  const rows = await db.selectFrom('conversation_members').select('user_id').where('conversation_id', '=', conversationId).execute()
  return rows.map((row) => row.user_id as UserId)
}

export async function listMembersAmong(db: Kysely<Tables>, conversationId: ConversationId, userIds: readonly UserId[]): Promise<UserId[]> {
  const { rows } = await sql<{ user_id: UserId }>`
    select user_id from conversation_members
    where conversation_id = ${conversationId} and user_id = any(${[...userIds]}::uuid[])`.execute(db)
  return rows.map((row) => row.user_id)
}

export async function listMemberships(
  db: Kysely<Tables>,
  userIds: readonly UserId[],
): Promise<{ user_id: UserId; conversation_id: ConversationId }[]> {
  const { rows } = await sql<{ user_id: UserId; conversation_id: ConversationId }>`
    select user_id, conversation_id from conversation_members where user_id = any(${[...userIds]}::uuid[])`.execute(db)
  return rows
}

/** Those of the given ids that are people who exist and are active. */
export function findActivePeople(db: Kysely<Tables>, ids: readonly UserId[]) {
  return db
    .selectFrom('users')
    .select('id')
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('is_active', 'is distinct from', false)
    .execute()
}

/** Names of people, active or not, for the sentences of system messages. */
export function findNames(db: Kysely<Tables>, ids: readonly UserId[]) {
  return db
    .selectFrom('users')
    .select(['id', sql<string>`coalesce(first_name, '')`.as('first_name'), sql<string>`coalesce(last_name, '')`.as('last_name')])
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute()
}

/** Adds those who are not there yet and returns them. Receipts of an earlier time in the conversation come back with their person. */
export async function insertMembers(
  tx: Transaction<Tables>,
  conversationId: ConversationId,
  userIds: readonly UserId[],
  joinedSeq: number,
): Promise<UserId[]> {
  const added = await sql<{ user_id: UserId }>`
    with back as (
      delete from former_members where conversation_id = ${conversationId} and user_id = any(${[...userIds]}::uuid[])
      returning user_id, delivered_seqs, read_seqs
    )
    insert into conversation_members (conversation_id, user_id, joined_seq, delivered_seqs, read_seqs)
    select ${conversationId}, person.id, ${joinedSeq}, coalesce(back.delivered_seqs, '{}'), coalesce(back.read_seqs, '{}')
    from unnest(${[...userIds]}::uuid[]) as person (id) left join back on back.user_id = person.id
    on conflict do nothing
    returning user_id`.execute(tx)
  return added.rows.map((row) => row.user_id)
}

/** Takes a person out; their receipts are kept, for sync and should they come back. */
export async function deleteMember(tx: Transaction<Tables>, conversationId: ConversationId, userId: UserId): Promise<void> {
  await sql`
    with gone as (
      delete from conversation_members where conversation_id = ${conversationId} and user_id = ${userId}
      returning conversation_id, user_id, delivered_seqs, read_seqs
    )
    insert into former_members (conversation_id, user_id, delivered_seqs, read_seqs)
    select conversation_id, user_id, delivered_seqs, read_seqs from gone`.execute(tx)
}

export async function updateRole(
  tx: Transaction<Tables>,
  conversationId: ConversationId,
  userId: UserId,
  role: 'owner' | 'moderator' | 'member',
) {
  await tx
    .updateTable('conversation_members')
    .set({ role })
    .where('conversation_id', '=', conversationId)
    .where('user_id', '=', userId)
    .execute()
}

/** Who becomes owner when the owner leaves: the moderator, else the member, who joined first; ties go to the lower id. */
export async function findSuccessor(tx: Transaction<Tables>, conversationId: ConversationId): Promise<UserId | undefined> {
  const row = await tx
    .selectFrom('conversation_members')
    .select('user_id')
    .where('conversation_id', '=', conversationId)
    .orderBy(sql`role = 'moderator'`, 'desc')
    .orderBy('joined_at')
    .orderBy('user_id')
    .limit(1)
    .executeTakeFirst()
  return row?.user_id as UserId | undefined
}

/** Marks that members or roles changed: for caches, for sends that wait for the row, and for sync. */
export async function touchMembership(tx: Transaction<Tables>, conversationId: ConversationId): Promise<void> {
  await sql`
    update conversations set
      participant_count = (select count(*) from conversation_members m where m.conversation_id = conversations.id),
      version = version + 1, membership_version = membership_version + 1,
      updated_at = ${laterThanBefore}, changed_xid = pg_current_xact_id()
    where id = ${conversationId}`.execute(tx)
}
