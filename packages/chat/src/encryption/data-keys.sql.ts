import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import type { WrappedKey } from './master-keys.js'

export interface KeyRow {
  conversation_id: string
  version: number
  /** Null: destroyed. */
  wrapped: Buffer | null
  master_key: string
}

const columns = ['conversation_id', 'version', 'wrapped', 'master_key'] as const

/** All keys of these conversations, destroyed ones too. */
export function listKeys(db: Kysely<Tables>, conversationIds: readonly string[]): Promise<KeyRow[]> {
  return db
    .selectFrom('conversation_keys')
    .select(columns)
    .where('conversation_id', '=', sql<string>`any(${[...conversationIds]}::uuid[])`)
    .orderBy('version')
    .execute()
}

/** Does nothing when there is a key of this version already: somebody else was faster. */
export async function insertKey(
  db: Kysely<Tables>,
  { wrapped, masterKey, conversationId, version }: WrappedKey & { conversationId: string; version: number },
): Promise<void> {
  await db
    .insertInto('conversation_keys')
    .values({ conversation_id: conversationId, version, wrapped, master_key: masterKey })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** One key of each master key that is in use. */
export async function listSampleKeys(db: Kysely<Tables>): Promise<(KeyRow & { wrapped: Buffer })[]> {
  // From one name to the next over the index: there may be millions of keys, and few names.
  const { rows } = await sql<KeyRow & { wrapped: Buffer }>`
    with recursive names as (
      (select master_key from conversation_keys where wrapped is not null order by master_key limit 1)
      union all
      select (select k.master_key from conversation_keys k where k.wrapped is not null and k.master_key > n.master_key order by k.master_key limit 1)
      from names n where n.master_key is not null
    )
    select k.conversation_id, k.version, k.wrapped, k.master_key from names n cross join lateral (
      select conversation_id, version, wrapped, master_key from conversation_keys where wrapped is not null and master_key = n.master_key limit 1
    ) k`.execute(db)
  return rows
}
