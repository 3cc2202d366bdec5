import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

/** A database of the original schema, as an application on Sequelize leaves it. */
export interface OldDatabase {
  url: string
  pool: pg.Pool
  rows<T extends pg.QueryResultRow>(query: string, values?: unknown[]): Promise<T[]>
  close(): Promise<void>
}

export interface OldDatabaseOptions {
  /** Messages to generate; 0 for a database without anybody. */
  messages: number
  /** People, ten conversations for each of them. */
  people?: number
}

/** Makes one and fills it: direct conversations, groups, channels, replies, deletions, receipts, tokens. The same for the same numbers. */
export async function openOldDatabase({ messages, people = 40 }: OldDatabaseOptions): Promise<OldDatabase> {
  const { postgresUrl } = inject('stores')
  const name = `old_${randomUUID().replaceAll('-', '')}`
  await administer(postgresUrl, `create database ${name} template template0`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href, max: 4 })
  pool.on('error', () => undefined)
  await pool.query(originalSchema)
  if (messages > 0) await pool.query(content(people, messages))
  return {
    url: url.href,
    pool,
    rows: async <T extends pg.QueryResultRow>(query: string, values: unknown[] = []) => (await pool.query<T>(query, values)).rows,
    close: async () => {
      await pool.end()
      await administer(postgresUrl, `drop database ${name} with (force)`)
    },
  }
}

/** Ids of generated rows: `id('1', 7)` is the seventh person, '2' stands for conversations, '3' for messages. */
export const oldId = (kind: '1' | '2' | '3', n: number) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const originalSchema = `
create table users (
  id uuid primary key, email varchar(255) not null unique, password_hash varchar(255) not null, first_name varchar(255), last_name varchar(255),
  role varchar(50) default 'patient', is_active boolean default true, fcm_token varchar(255), created_at timestamptz not null, updated_at timestamptz not null
);
create table conversations (
  id uuid primary key default gen_random_uuid(), type varchar(20) not null check (type in ('direct', 'group', 'channel')), participant_ids uuid[] not null,
  created_by uuid references users (id), last_message_at timestamptz, metadata jsonb default '{}', created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create index on conversations using gin (participant_ids);
create table messages (
  id uuid primary key default gen_random_uuid(), conversation_id uuid not null references conversations (id) on delete cascade,
  sender_id uuid not null references users (id), parent_message_id uuid references messages (id),
  message_type varchar(20) not null check (message_type in ('text', 'image', 'file', 'system')), content text, metadata jsonb default '{}',
  read_by uuid[] default '{}', delivered_to uuid[] default '{}', is_edited boolean default false, is_deleted boolean default false,
  created_at timestamptz default now(), updated_at timestamptz default now()
);
create index on messages (conversation_id, created_at desc);`

const uuidOf = (kind: string, n: string) => `('${kind}0000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`

// Conversation k is of person k % people and others near them: 2, or 3 to 12, or everybody. Of the direct ones some are of the same pair.
const content = (people: number, messages: number) => `
insert into users (id, email, password_hash, first_name, last_name, role, fcm_token, created_at, updated_at)
select ${uuidOf('1', 'n')}, 'person' || n || '@clinic.example', 'x', 'First' || n, 'Last' || n, case when n % 7 = 0 then 'doctor' else 'patient' end,
  case when n % 3 = 0 then 'token-' || n end, '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'
from generate_series(1, ${people}) n;

insert into conversations (id, type, participant_ids, created_by, metadata, created_at, updated_at)
select ${uuidOf('2', 'k')}, kind, case kind
    when 'direct' then array[${uuidOf('1', `1 + k % ${people}`)}, ${uuidOf('1', `1 + (k + 1 + k / ${people}) % ${people}`)}]
    when 'group' then (select array_agg(${uuidOf('1', `1 + (k + i) % ${people}`)}) from generate_series(0, 2 + k % 10) i)
    else (select array_agg(${uuidOf('1', 'i')}) from generate_series(1, ${people}) i) end,
  ${uuidOf('1', `1 + k % ${people}`)}, case kind when 'direct' then '{}'::jsonb else jsonb_build_object('name', 'Talk ' || k, 'topic', k) end,
  '2024-02-01T00:00:00Z'::timestamptz + k * interval '1 minute', '2024-02-01T00:00:00Z'::timestamptz + k * interval '1 minute'
from (
  select k, case when k % 50 = 0 then 'channel' when k % 4 = 0 then 'group' else 'direct' end as kind from generate_series(1, ${people * 10}) k
) c;

insert into messages (id, conversation_id, sender_id, message_type, content, metadata, read_by, delivered_to, is_edited, is_deleted, created_at, updated_at)
select ${uuidOf('3', 'n')}, c.id, sender.id, case when n % 11 = 0 then 'file' when n % 13 = 0 then 'image' else 'text' end, 'Message ' || n || ' ✓',
  case when n % 11 = 0 then jsonb_build_object('attachment_url', 'https://files.example/' || n, 'file_size', n) else '{}'::jsonb end,
  case when n % 5 < 3 then c.participant_ids[1 : 1 + n % cardinality(c.participant_ids)] else '{}' end,
  case when n % 5 < 4 then c.participant_ids else '{}' end, n % 97 = 0, n % 41 = 0,
  -- Some at the very same time; others differ by microseconds.
  '2024-03-01T00:00:00Z'::timestamptz + (n / 3) * interval '20 seconds 123456 microseconds',
  '2024-03-01T00:00:00Z'::timestamptz + (n / 3) * interval '20 seconds 123456 microseconds' + (n % 4) * interval '1 hour'
from generate_series(1, ${messages}) n
join conversations c on c.id = ${uuidOf('2', `1 + (n * 7919::bigint) % ${people * 10}`)}
cross join lateral (select c.participant_ids[1 + n % cardinality(c.participant_ids)] as id) sender;

update messages m set parent_message_id = p.id from (
  select id, lag(id) over (partition by conversation_id order by created_at, id) as parent, right(id::text, 1) as digit from messages
) l join messages p on p.id = l.parent where l.id = m.id and l.digit = '3';

update conversations c set last_message_at = t.at from (select conversation_id, max(created_at) as at from messages group by 1) t where t.conversation_id = c.id;
analyze;`

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
