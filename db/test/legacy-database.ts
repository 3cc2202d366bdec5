import { openDatabase, type TestDatabase } from './open-database.js'

const schema = `
  create table users (id uuid primary key, email varchar(255) unique, first_name varchar(255), last_name varchar(255), role varchar(50),
    fcm_token varchar(255), created_at timestamptz default now(), updated_at timestamptz default now());
  create table conversations (id uuid primary key default gen_random_uuid(), type varchar(20) not null check (type in ('direct', 'group', 'channel')),
    participant_ids uuid[] not null, created_by uuid references users (id), last_message_at timestamptz, metadata jsonb default '{}',
    created_at timestamptz default now(), updated_at timestamptz default now());
  create table messages (id uuid primary key default gen_random_uuid(), conversation_id uuid not null references conversations (id) on delete cascade,
    sender_id uuid not null references users (id), parent_message_id uuid references messages (id),
    message_type varchar(20) not null check (message_type in ('text', 'image', 'file', 'system')), content text, metadata jsonb default '{}',
    read_by uuid[] default '{}', delivered_to uuid[] default '{}', is_edited boolean default false, is_deleted boolean default false,
    created_at timestamptz default now(), updated_at timestamptz default now());
  create index idx_messages_conversation_created on messages (conversation_id, created_at desc)`

/** Id number `n` of its kind: 1 people, 2 conversations, 3 messages. */
export const id = (kind: 1 | 2 | 3, n: number): string => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`

// Everything follows from the number of a message, so that two runs make the same. A tenth is deleted, a twentieth edited, a sixth a reply to the one
// 40 before, which is in the same conversation; the newest tenth is not read; some share a time, and times have microseconds.
const fill = `
  insert into users (id, email, first_name, last_name, role, fcm_token)
  select uuid_at(1, n), n || '@example.org', 'Person', n::text, 'patient', case when n % 3 = 0 then 'token-' || n end from generate_series(1, 40) n;
  insert into conversations (id, type, participant_ids, created_by, metadata, created_at, updated_at)
  select uuid_at(2, n), case when n <= 10 then 'direct' else 'group' end,
    case when n <= 10 then array[uuid_at(1, n), uuid_at(1, n + 10)] else (select array_agg(uuid_at(1, (n + k) % 40 + 1)) from generate_series(0, 3 + n % 5) k) end,
    case when n <= 10 then uuid_at(1, n) else uuid_at(1, n % 40 + 1) end, jsonb_build_object('name', 'Talk ' || n), '2024-01-01', '2024-06-01'
  from generate_series(1, 20) n;
  insert into messages (id, conversation_id, sender_id, parent_message_id, message_type, content, metadata, read_by, delivered_to, is_edited, is_deleted, created_at, updated_at)
  select uuid_at(3, n), c.id, c.participant_ids[1 + n / 20 % cardinality(c.participant_ids)], case when n % 6 = 0 and n > 40 then uuid_at(3, n - 40) end,
    case when n % 50 = 0 then 'file' else 'text' end, 'Message ' || n, case when n % 50 = 0 then '{"file_name": "plan.pdf"}'::jsonb else '{}' end,
    case when n < total * 0.9 then c.participant_ids[1:2] else '{}' end, case when n < total * 0.95 then c.participant_ids else '{}' end,
    n % 20 = 0, n % 10 = 3, t, t + interval '3 minutes'
  from generate_series(1, total) n cross join lateral (select * from conversations where id = uuid_at(2, 1 + n % 20)) c
    cross join lateral (select timestamptz '2024-01-01' + (n / 3) * interval '61.000123 seconds' as t) times;
  update conversations c set last_message_at = (select max(created_at) from messages m where m.conversation_id = c.id);
  analyze`

/** A database of the original guide's tables with so many messages in 20 conversations of 40 people. */
export async function openLegacyDatabase(messages: number): Promise<TestDatabase> {
  const database = await openDatabase('bare')
  await database.pool.query(schema)
  await database.pool.query(
    `create function uuid_at(kind int, n bigint) returns uuid immutable language sql
     as $$ select (kind || '0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid $$`,
  )
  await database.pool.query(fill.replaceAll('total', String(messages)))
  return database
}
