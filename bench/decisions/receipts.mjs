import { kb, measureCalls, medianOf, rate, ratio } from './measure.mjs'

const messages = 30_000
const idsPerCall = 50

/** Marking 50 messages as read: a multirange of each member, an array in each message, or a row for each receipt. */
export async function receipts(server) {
  const rows = []
  for (const groupOf of [2, 20, 200]) {
    const results = {}
    for (const [variant, shape] of Object.entries(shapes))
      results[variant] = await medianOf(() => server.withDatabase({}, (database) => measureShape(database, shape, groupOf)))
    const base = Object.values(results)[0]
    for (const [variant, result] of Object.entries(results)) rows.push(row(groupOf, variant, result, base))
  }
  return { title: `Receipts: marking ${idsPerCall} messages, everybody in a group reads the same ones at about the same time`, rows }
}

function row(groupOf, variant, { perSecond, failed, wal, growth }, base) {
  return {
    'group of': groupOf,
    variant,
    calls: rate(perSecond),
    'to multirange': ratio(perSecond, base.perSecond),
    'WAL per call': kb(wal),
    'growth per 1,000 calls': kb(growth * 1000),
    deadlocks: failed,
  }
}

async function measureShape(database, shape, groupOf) {
  const { query } = database
  const chunks = messages / idsPerCall
  const readers = groupOf - 1
  await query(shape.create)
  await query(shape.fill, [groupOf, messages])
  await query('analyze')
  const size = () => query('select pg_database_size(current_database())::float8 as bytes').then(([row]) => row.bytes)
  const before = await size()
  // The messages of a chunk are in another order on each device, as an app sends what it has on its screen.
  const call = (client, n) => client.query({ name: 'mark', ...shape.mark(Math.floor(n / readers), 1 + (n % readers)) })
  const result = await measureCalls(database, { workers: 16, ms: 800, calls: chunks * readers, call })
  return { ...result, growth: Math.max(0, (await size()) - before) / Math.max(1, result.done) }
}

const id = (kind, n) => `0000000${kind}-0000-4000-8000-${String(n).padStart(12, '0')}`
const sqlId = (kind, n) => `('0000000${kind}-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`
const perConversation = 2_000
/** Everything in a conversation of 2,000 messages is written by its person 0. */
const conversations = messages / perConversation
// One chunk of each conversation after the other: calls that run at once are those of different people.
const conversationOf = (chunk) => id(2, chunk % conversations)
const chunkIds = (chunk, reader) => {
  const first = (chunk % conversations) * perConversation + Math.floor(chunk / conversations) * idsPerCall
  const ids = Array.from({ length: idsPerCall }, (_, i) => id(1, first + i))
  return reader % 2 === 0 ? ids.reverse() : ids
}

const message = `
  create table message (conversation_id uuid, seq bigint, id uuid not null, sender_id uuid, content text, is_deleted boolean default false,
    primary key (conversation_id, seq));
  create unique index on message (id, conversation_id);`
const fillMessage = `
  insert into message select ${sqlId(2, `n / ${perConversation}`)}, 1 + n % ${perConversation}, ${sqlId(1, 'n')}, ${sqlId(3, 0)}, repeat('text ', 12)
  from generate_series(0, $2::int - 1) n where $1 > 0`

const multirange = {
  create: `${message}
    create table member (conversation_id uuid, user_id uuid, delivered_seqs int8multirange default '{}', read_seqs int8multirange default '{}',
      receipts_version bigint default 0, primary key (conversation_id, user_id)) with (fillfactor = 70);
    create table mark (conversation_id uuid, bucket bigint, user_id uuid, kind text, seqs int8multirange, at timestamptz(3) default now(),
      changed_xid xid8 default pg_current_xact_id());
    create index on mark (conversation_id, bucket); create index on mark (conversation_id, changed_xid);`,
  fill: `with m as (${fillMessage} returning conversation_id)
    insert into member select c, ${sqlId(3, 'n')} from (select distinct conversation_id as c from m) c, generate_series(0, $1 - 1) n`,
  // As the domain does it, with the log that gives receipts their times.
  mark: (chunk, reader) => ({
    text: `with me as materialized (select read_seqs from member where conversation_id = $1 and user_id = $2 for no key update),
      fresh as materialized (select m.id, m.seq from message m cross join me where m.conversation_id = $1 and m.id = any($3::uuid[])
        and m.sender_id <> $2 and not m.is_deleted and not me.read_seqs @> m.seq),
      covered as (select seq from fresh union all select m.seq from (select min(seq) as low, max(seq) as high from fresh) f
        join message m on m.conversation_id = $1 and m.seq between f.low - 32 and least(f.high, f.low + 512) where m.sender_id = $2 or m.is_deleted),
      added as (select range_agg(int8range(seq, seq + 1)) as seqs from covered),
      marked as (update member set delivered_seqs = delivered_seqs + r.seqs, read_seqs = read_seqs + r.seqs, receipts_version = receipts_version + 1
        from added r where conversation_id = $1 and user_id = $2 and r.seqs is not null),
      logged as (insert into mark (conversation_id, bucket, user_id, kind, seqs)
        select $1, seq >> 5, $2, 'read', range_agg(int8range(seq, seq + 1)) from fresh group by seq >> 5)
      select id from fresh`,
    values: [conversationOf(chunk), id(3, reader), chunkIds(chunk, reader)],
  }),
}

const array = {
  create: `${message} alter table message add read_by uuid[] default '{}';`,
  fill: fillMessage,
  mark: (chunk, reader) => ({
    text: `update message set read_by = read_by || $1::uuid where id = any($2::uuid[]) and not read_by @> array[$1::uuid] returning id`,
    values: [id(3, reader), chunkIds(chunk, reader)],
  }),
}

const table = {
  create: `${message} create table receipt (message_id uuid, user_id uuid, read_at timestamptz(3) default now(), primary key (message_id, user_id));`,
  fill: fillMessage,
  mark: (chunk, reader) => ({
    text: `insert into receipt (message_id, user_id) select m.id, $1 from message m where m.id = any($2::uuid[])
      on conflict do nothing returning message_id`,
    values: [id(3, reader), chunkIds(chunk, reader)],
  }),
}

const shapes = { 'multirange per member': multirange, 'read_by uuid[] per message': array, 'a row per receipt': table }
