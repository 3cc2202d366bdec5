import { sql, type RawBuilder } from 'kysely'

// Summing receipt versions costs a row per member; above this many a page is read from the tables instead of the cache.
const cachedParticipantsMax = 200

/** SQL: the sum over the members of a conversation of the enclosing query; null where it is too large to be cached. */
export function receiptsVersion(of: RawBuilder<unknown> = conversation) {
  return sql<string | null>`
    case when ${of}.participant_count <= ${cachedParticipantsMax}
    then (select sum(r.receipts_version) from conversation_members r where r.conversation_id = ${of}.id) end`
}

/** SQL: the same for each member, as JSON by their ids: a sum does not tell whose receipts a replica lacks. */
export function receiptsVersions(of: RawBuilder<unknown> = conversation) {
  return sql<string | null>`
    case when ${of}.participant_count <= ${cachedParticipantsMax}
    then (select jsonb_object_agg(r.user_id, r.receipts_version)::text from conversation_members r where r.conversation_id = ${of}.id) end`
}

const conversation = sql`c`
