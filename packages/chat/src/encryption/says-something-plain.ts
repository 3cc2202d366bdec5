import { sql } from 'kysely'

/**
 * Whether a message `m` says something that is not sealed. Sentences of the product itself are left out: what they name, people and
 * conversations, stands in plain columns beside them.
 */
export const saysSomethingPlain = sql`m.sealed is null and (m.content is not null or m.metadata <> '{}')
  and not (m.message_type = 'system' and m.metadata ? 'action' and coalesce(m.metadata ->> 'actor_id' = m.sender_id::text, false))`
