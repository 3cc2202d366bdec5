import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely, type Transaction } from 'kysely'
import type { WrappedKey } from './master-keys.js'
import { saysSomethingPlain } from './says-something-plain.js'

/** A message that says something in plain columns. */
export interface PlainRow {
  id: string
  conversation_id: string
  seq: string
  content: string | null
  metadata: Record<string, unknown>
}

export interface Position {
  conversationId: string
  seq: string
}

/** At most `limit` messages with plain content behind a position, deleted ones too. Sentences of the product itself stay as they are. */
export async function listPlain(
  db: Kysely<Tables>,
  { after, conversationId, limit }: { after: Position; conversationId: string | undefined; limit: number },
): Promise<PlainRow[]> {
  const within = conversationId === undefined ? sql`` : sql`and m.conversation_id = ${conversationId}::uuid`
  const { rows } = await sql<PlainRow>`
    select m.id, m.conversation_id, m.seq, m.content, m.metadata from messages m
    where (m.conversation_id, m.seq) > (${after.conversationId}::uuid, ${after.seq}::bigint) ${within} and ${saysSomethingPlain}
    order by m.conversation_id, m.seq limit ${limit}`.execute(db)
  return rows
}

export interface SealedInPlace extends PlainRow {
  bytes: Buffer
  keyVersion: number
  visibleMetadata: Record<string, unknown>
}

/**
 * Puts sealed content into the place of the plain one, where that is still what was sealed and the key is still there; gives how many. It is
 * no change that anybody sees, so that nobody is told.
 */
export async function sealInPlace(tx: Transaction<Tables>, rows: readonly SealedInPlace[]): Promise<number> {
  const pairs = JSON.stringify(rows.map((row) => ({ conversation_id: row.conversation_id, version: row.keyVersion })))
  // Whoever destroys a key waits for this, and then empties what stayed plain.
  await sql`
    select from conversation_keys where (conversation_id, version) in (
      select conversation_id, version from jsonb_to_recordset(${pairs}::jsonb) as p (conversation_id uuid, version int)
    ) order by conversation_id, version for share`.execute(tx)
  const { numAffectedRows } = await sql`
    update messages m set content = null, metadata = i.visible::jsonb, sealed = i.sealed
    from unnest(${rows.map((row) => row.conversation_id)}::uuid[], ${rows.map((row) => row.seq)}::bigint[], ${rows.map((row) => row.content)}::text[],
      ${rows.map((row) => JSON.stringify(row.metadata))}::text[], ${rows.map((row) => JSON.stringify(row.visibleMetadata))}::text[],
      ${rows.map((row) => row.bytes)}::bytea[], ${rows.map((row) => row.keyVersion)}::int[])
      as i (conversation_id, seq, content, metadata, visible, sealed, version)
    join conversation_keys k on k.conversation_id = i.conversation_id and k.version = i.version and k.wrapped is not null
    where m.conversation_id = i.conversation_id and m.seq = i.seq and m.sealed is null
      and m.content is not distinct from i.content and m.metadata = i.metadata::jsonb`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

export interface OldKey {
  conversation_id: string
  version: number
  wrapped: Buffer
  master_key: string
}

/** Keys that another master key than this one wraps, behind a position. */
export async function listKeysOfOthers(
  db: Kysely<Tables>,
  { newest, after, limit }: { newest: string; after: { conversationId: string; version: number }; limit: number },
): Promise<OldKey[]> {
  const { rows } = await sql<OldKey>`
    select conversation_id, version, wrapped, master_key from conversation_keys
    where wrapped is not null and master_key <> ${newest} and (conversation_id, version) > (${after.conversationId}::uuid, ${after.version}::int)
    order by conversation_id, version limit ${limit}`.execute(db)
  return rows
}

/** Replaces the wrapping of a key, unless it was replaced or destroyed meanwhile. */
export async function replaceWrapping(db: Kysely<Tables>, old: OldKey, { wrapped, masterKey }: WrappedKey): Promise<void> {
  await db
    .updateTable('conversation_keys')
    .set({ wrapped, master_key: masterKey, wrapped_at: sql<Date>`now()` })
    .where('conversation_id', '=', old.conversation_id)
    .where('version', '=', old.version)
    .where('wrapped', '=', old.wrapped)
    .execute()
}
