import type { OperationOutput } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import { sql, type Kysely } from 'kysely'
import type { Membership } from '../membership/membership.js'

/** Mutes until a moment, ISO 8601, or `infinity`; null unmutes. */
export async function setMute(db: Kysely<Tables>, { conversation, userId }: Membership, until: string | null): Promise<void> {
  await sql`
    update conversation_members set muted_until = ${until}::timestamptz
    where conversation_id = ${conversation.id} and user_id = ${userId}`.execute(db)
}

export async function findMute(db: Kysely<Tables>, { conversation, userId }: Membership): Promise<OperationOutput<'get_mute'>> {
  const { rows } = await sql<{ is_muted: boolean; until: Date | null }>`
    select coalesce(muted_until > now(), false) as is_muted, case when isfinite(muted_until) and muted_until > now() then muted_until end as until
    from conversation_members where conversation_id = ${conversation.id} and user_id = ${userId}`.execute(db)
  return { is_muted: rows[0]?.is_muted ?? false, muted_until: rows[0]?.until?.toISOString() ?? null }
}
