import { sql } from 'kysely'

/**
 * Of a change of a conversation, whose row is locked: transactions begin in another order than they come to it, so `now()` could go back,
 * and clients would keep the older of two states. Milliseconds are what the wire shows.
 */
export const laterThanBefore = sql`greatest(clock_timestamp(), updated_at + interval '1 ms')`
