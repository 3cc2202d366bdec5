import { medianOf, ratio } from './measure.mjs'

const rowsPerStatement = 50
const statements = 200

const ours = `
  create unique index on message (id, conversation_id);
  create unique index on message (conversation_id, sender_id, client_message_id) where client_message_id is not null;
  create index on message (conversation_id, changed_xid);`
const guide = `
  create index on message (conversation_id, created_at desc);
  create index on message (sender_id);
  create index on message (message_type);
  create index on message (is_deleted) where is_deleted = false;
  create index on message (parent_message_id) where parent_message_id is not null;`
const foreignKeys = `
  alter table message add foreign key (conversation_id) references conversation, add foreign key (sender_id) references person;`

const variants = { 'as it is': ours, 'and the further indexes of the guide': ours + guide, 'and foreign keys': ours + foreignKeys }

/** What further indexes and foreign keys cost each message that is stored. */
export async function messageIndexes(server) {
  const results = {}
  for (const [variant, extra] of Object.entries(variants))
    results[variant] = await medianOf(() => server.withDatabase({ connections: 1 }, (database) => measureVariant(database, extra)))
  const base = Object.values(results)[0]
  return {
    title: `Indexes and foreign keys of messages: ${rowsPerStatement} rows in each statement`,
    rows: Object.entries(results).map(([variant, result]) => ({
      variant,
      'time per row': `${result.us.toFixed(1)} µs`,
      'to the first': ratio(result.us, base.us),
      'WAL per row': `${result.wal.toFixed(0)} B`,
    })),
  }
}

async function measureVariant({ query }, extra) {
  await query('create table conversation (id uuid primary key); create table person (id uuid primary key)')
  await query(`insert into conversation select gen_random_uuid() from generate_series(1, 1000)`)
  await query(`insert into person select gen_random_uuid() from generate_series(1, 1000)`)
  await query(`create table message (conversation_id uuid, seq bigint, id uuid not null, sender_id uuid, parent_message_id uuid, message_type text,
    content text, metadata jsonb default '{}', client_message_id text, is_deleted boolean default false, created_at timestamptz(3) default now(),
    changed_xid xid8 default pg_current_xact_id(), primary key (conversation_id, seq))`)
  await query(extra)
  const conversations = (await query('select id from conversation')).map((row) => row.id)
  const people = (await query('select id from person')).map((row) => row.id)
  await query('checkpoint')
  const [{ lsn }] = await query('select pg_current_wal_insert_lsn() as lsn')
  const startedAt = performance.now()
  for (let n = 0; n < statements; n++) await query({ name: 'insert', text: insert, values: batch(n, conversations, people) })
  const us = ((performance.now() - startedAt) * 1000) / (statements * rowsPerStatement)
  const [{ wal }] = await query('select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::float8 as wal', [lsn])
  return { us, wal: wal / (statements * rowsPerStatement) }
}

const insert = `
  insert into message (conversation_id, seq, id, sender_id, message_type, content, client_message_id)
  select c, $1::bigint * ${rowsPerStatement} + n, (lpad(to_hex($1::bigint), 12, '0') || substr(gen_random_uuid()::text, 14))::uuid, p, 'text', repeat('text ', 12), $1 || '-' || n
  from unnest($2::uuid[], $3::uuid[]) with ordinality as i (c, p, n)`

function batch(n, conversations, people) {
  const rows = Array.from({ length: rowsPerStatement }, (_, i) => n * rowsPerStatement + i)
  return [n, rows.map((row) => conversations[(row * 7919) % 1000]), rows.map((row) => people[(row * 6007) % 1000])]
}
