import type { ConversationId, ConversationType, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'
import { laterThanBefore } from '../conversations/later-than-before.js'
import { saysSomethingPlain } from '../encryption/says-something-plain.js'

/** Conversations of a type whose oldest message is older than so many days, after a position, by id; with the moment from which messages stay. */
export async function listDue(
  db: Kysely<Tables>,
  { type, days, after, limit }: { type: ConversationType; days: number; after: string; limit: number },
): Promise<{ id: ConversationId; older_than: Date }[]> {
  const { rows } = await sql<{ id: ConversationId; older_than: Date }>`
    select c.id, now() - make_interval(days => ${days}::int) as older_than
    from conversations c
    cross join lateral (select created_at from messages where conversation_id = c.id order by seq limit 1) oldest
    where c.type = ${type} and c.id > ${after}::uuid and oldest.created_at < now() - make_interval(days => ${days}::int)
    order by c.id limit ${limit}`.execute(db)
  return rows
}

export async function purgeMessages(
  db: Kysely<Tables>,
  conversationId: ConversationId,
  olderThan: Date,
  rowsMax: number,
): Promise<{ purged: number; receipts: number }> {
  const { rows } = await sql<{ purged: string; receipts: string }>`
    select purged, receipts from chat_purge_messages(${conversationId}::uuid, ${olderThan}::timestamptz, ${rowsMax}::int)`.execute(db)
  return { purged: Number(rows[0]?.purged ?? 0), receipts: Number(rows[0]?.receipts ?? 0) }
}

/** Everybody who takes or took part: whose cached lists may show the conversation. */
export async function listPeopleOf(db: Kysely<Tables>, conversationIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from conversation_members where conversation_id = any(${[...conversationIds]}::uuid[])
    union select user_id from former_members where conversation_id = any(${[...conversationIds]}::uuid[])`.execute(db)
  return rows.map((row) => row.user_id)
}

/** All conversations that a person takes or took part in. */
export async function listConversationsOf(db: Kysely<Tables>, userId: UserId): Promise<ConversationId[]> {
  const { rows } = await sql<{ conversation_id: ConversationId }>`
    select conversation_id from conversation_members where user_id = ${userId}
    union select conversation_id from former_members where user_id = ${userId} order by 1`.execute(db)
  return rows.map((row) => row.conversation_id)
}

export async function isHeld(db: Kysely<Tables>, userId: UserId): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select exists (select from legal_holds where user_id = ${userId} and lifted_at is null) as held`.execute(db)
  return rows[0]?.held ?? false
}

export async function insertHold(
  tx: Transaction<Tables>,
  hold: { conversationId?: ConversationId; userId?: UserId; reason: string },
): Promise<string> {
  const row = await tx
    .insertInto('legal_holds')
    .values({ conversation_id: hold.conversationId ?? null, user_id: hold.userId ?? null, reason: hold.reason })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export function liftHoldRow(tx: Transaction<Tables>, id: string) {
  return tx
    .updateTable('legal_holds')
    .set({ lifted_at: sql`now()` })
    .where('id', '=', id)
    .where('lifted_at', 'is', null)
    .returning(['conversation_id', 'user_id'])
    .executeTakeFirst()
}

export function findPerson(db: Kysely<Tables>, userId: UserId) {
  return db
    .selectFrom('users')
    .select(['id', 'email', 'first_name', 'last_name', 'avatar_url', 'role', 'is_active', 'created_at'])
    .where('id', '=', userId)
    .executeTakeFirst()
}

/** Takes away what says who the person is; the id stays, and with it what others wrote to them. */
export async function pseudonymise(tx: Transaction<Tables>, userId: UserId): Promise<void> {
  // Before the person as well, in the order in which registering a device locks both, or each would wait for the other.
  await forgetDevices(tx, userId)
  await sql`
    update users set first_name = 'Deleted', last_name = 'person', email = id::text || '@erased.invalid', avatar_url = null, fcm_token = null,
      is_active = false where id = ${userId}`.execute(tx)
  await forgetDevices(tx, userId)
  await tx.deleteFrom('last_seen').where('user_id', '=', userId).execute()
  await tx.deleteFrom('push_jobs').where('user_id', '=', userId).execute()
  await tx.deleteFrom('quiet_hours').where('user_id', '=', userId).execute()
}

async function forgetDevices(tx: Transaction<Tables>, userId: UserId): Promise<void> {
  await tx.deleteFrom('devices').where('user_id', '=', userId).execute()
}

/** Sentences of the product that name the person name them no more; apps hear of it as of any change. */
export async function forgetName(
  tx: Transaction<Tables>,
  userId: UserId,
  name: string,
  conversationIds: readonly string[],
): Promise<number> {
  const { rows } = await sql`
    update messages set content = replace(content, ${name}, 'Deleted person'), updated_at = greatest(now(), created_at + interval '1 ms'),
      changed_xid = pg_current_xact_id()
    where conversation_id = any(${[...conversationIds]}::uuid[]) and message_type = 'system' and position(${name} in content) > 0
      and (sender_id = ${userId} or metadata -> 'user_ids' ? ${userId}::text or metadata ->> 'new_owner_id' = ${userId}::text)
    returning id`.execute(tx)
  return rows.length
}

/** Empties what the person wrote; what is left of each message is its place. */
export async function emptyMessages(tx: Transaction<Tables>, userId: UserId, conversationIds: readonly string[]): Promise<number> {
  const { rows } = await sql<{ emptied: string }>`
    with emptied as (
      update messages m set content = null, metadata = '{}', sealed = null, client_message_id = null, is_deleted = true, deleted_at = coalesce(m.deleted_at, now()),
        deleted_by = coalesce(m.deleted_by, ${userId}::uuid), updated_at = now(), changed_xid = pg_current_xact_id()
      from messages before
      where m.conversation_id = any(${[...conversationIds]}::uuid[]) and m.sender_id = ${userId} and m.message_type <> 'system'
        and before.conversation_id = m.conversation_id and before.seq = m.seq
      returning m.conversation_id, m.seq, before.is_deleted as was_deleted
    ), noted as (
      insert into conversation_deletions (conversation_id, seqs)
      select conversation_id, range_agg(int8range(seq, seq + 1)) from emptied group by conversation_id
      on conflict (conversation_id) do update set seqs = conversation_deletions.seqs + excluded.seqs
    ), counted as (
      update conversations c set message_count = c.message_count - e.shown
      from (select conversation_id, count(*) filter (where not was_deleted) as shown from emptied group by conversation_id) e
      where c.id = e.conversation_id
    )
    select count(*) as emptied from emptied`.execute(tx)
  return Number(rows[0]?.emptied ?? 0)
}

/** Locks conversations in the order of their ids, as sends do, and makes their cached pages old. */
export async function lockAndTouch(tx: Transaction<Tables>, conversationIds: readonly string[]): Promise<void> {
  const ids = sql`any(${[...conversationIds]}::uuid[])`
  await sql`select id from conversations where id = ${ids} order by id for no key update`.execute(tx)
  await sql`update conversations set version = version + 1, updated_at = ${laterThanBefore}, changed_xid = pg_current_xact_id() where id = ${ids}`.execute(
    tx,
  )
}

/**
 * Locks a conversation and makes what is cached of it old; false when there is none. The version of the membership grows, since sends that wait for the lock have
 * to look again: their key is about to go.
 */
export async function lockForShredding(tx: Transaction<Tables>, conversationId: ConversationId): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update conversations set version = version + 1, membership_version = membership_version + 1, updated_at = ${laterThanBefore},
      changed_xid = pg_current_xact_id() where id = ${conversationId}`.execute(tx)
  return Number(numAffectedRows ?? 0) > 0
}

export async function isConversationHeld(tx: Transaction<Tables>, conversationId: ConversationId): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`select chat_is_held(${conversationId}::uuid) as held`.execute(tx)
  return rows[0]?.held ?? false
}

/** Gives how many keys there were. The rows stay, so that a destroyed key is told from one that is missing. */
export async function destroyKeys(tx: Transaction<Tables>, conversationId: ConversationId): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('conversation_keys')
    .set({ wrapped: null, shredded_at: sql<Date>`now()` })
    .where('conversation_id', '=', conversationId)
    .where('wrapped', 'is not', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Empties what was said in plain columns, whoever said it; sentences of the product itself stay. */
export async function emptyPlainMessages(tx: Transaction<Tables>, conversationId: ConversationId): Promise<number> {
  const { numAffectedRows } = await sql`
    update messages m set content = null, metadata = '{}'
    where m.conversation_id = ${conversationId} and ${saysSomethingPlain}`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
