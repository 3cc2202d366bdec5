import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import type { KnownState } from './replica.js'

/**
 * Whether the server shows these conversations as they were known, or as they became since. Members that it does not have left after that: their
 * leaving is a later version. A server that is no standby (any more) shows nothing that could be relied on.
 */
export async function hasReached(db: Kysely<Tables>, known: readonly KnownState[]): Promise<boolean> {
  const ids = known.map(({ id }) => id)
  const versions = known.map(({ version }) => version)
  const receipts = known.map(({ receiptsVersions }) => receiptsVersions)
  const { rows } = await sql<{ is_reached: boolean }>`
    select pg_is_in_recovery() and not exists (
      select from unnest(${ids}::uuid[], ${versions}::bigint[], ${receipts}::text[]) as known (id, version, receipts)
      left join conversations c on c.id = known.id
      where coalesce(c.version < known.version, true) or exists (
        select from jsonb_each_text(known.receipts::jsonb) as k (user_id, version)
        join conversation_members m on m.conversation_id = known.id and m.user_id = k.user_id::uuid
        where m.receipts_version < k.version::bigint
      )
    ) as is_reached`.execute(db)
  return rows[0]?.is_reached ?? false
}
