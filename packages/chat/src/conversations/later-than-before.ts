import { sql } from 'kysely'

/**
 * The next `updated_at` of a conversation whose row is locked. Clients tell by it which of two states is the newer one, and have it in whole
 * milliseconds. `now()` is when a transaction began: of two, the one that began first may come to the row last.
 */
export const laterThanBefore = sql<Date>`greatest(clock_timestamp(), conversations.updated_at + interval '1 ms')`
