import type { TestDatabase } from './open-database.js'

/** So many messages in ten conversations; the content of each is its number among them. */
export const insertMessages = ({ pool }: TestDatabase, count: number) =>
  pool.query(
    `insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select md5((n % 10)::text)::uuid, n + (select count(*) from messages), gen_random_uuid(), gen_random_uuid(), 'text', 'message ' || n
     from generate_series(1, $1::int) n`,
    [count],
  )
