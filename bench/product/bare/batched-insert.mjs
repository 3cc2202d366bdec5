import { randomUUID } from 'node:crypto'
import pg from 'pg'

const text = `
  insert into bare_messages (id, conversation_id, sender_id, content)
  select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) returning created_at`

export const createBareTable = `
  create table if not exists bare_messages (
    id uuid primary key, conversation_id uuid not null, sender_id uuid not null, content text not null, created_at timestamptz not null default now()
  );
  create index if not exists bare_messages_conversation on bare_messages (conversation_id, created_at)`

/**
 * Stores messages as cheaply as they can be stored durably: while one INSERT is under way the others wait and go as one. No checks, no order.
 * `onStored(messages)` comes before the callers' answers.
 */
export async function openBatchedInsert(databaseUrl, onStored = () => undefined) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  let waiting = []
  let isFlushing = false

  async function flush() {
    isFlushing = true
    // Sends of the same turn of the event loop go together.
    await Promise.resolve()
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 256)
      const column = (key) => batch.map(({ message }) => message[key])
      const values = [column('id'), column('conversation_id'), column('sender_id'), column('content')]
      const { rows } = await client.query({ name: 'insert', text, values })
      batch.forEach(({ message }, n) => (message.created_at = rows[n].created_at))
      onStored(batch.map(({ message }) => message))
      for (const { message, resolve } of batch) resolve(message)
    }
    isFlushing = false
  }

  return (conversationId, senderId, content) =>
    new Promise((resolve) => {
      waiting.push({ message: { id: randomUUID(), conversation_id: conversationId, sender_id: senderId, content }, resolve })
      if (!isFlushing) void flush()
    })
}
