import { measureCalls, medianOf, ms, ratio } from './measure.mjs'

const people = 5_000
const conversations = 40_000
const ofLargeGroup = 5_000

/** A members table against the array of ids that a conversation's row could hold: reading one's list, and joining a large group. */
export function members(server) {
  return server.withDatabase({}, async (database) => {
    await create(database)
    const list = (text) => ({ call: (client, n) => client.query(text, [personId(1 + ((n * 7919) % people))]) })
    const join = (text) => ({ call: (client, n) => client.query(text, [personId(100_000 + n)]) })
    const measure = (what) => medianOf(() => measureCalls(database, { workers: 1, ms: 1000, ...what }))
    const arrays = { list: await measure(list(listByArray)), join: await measure(join(joinArray)) }
    await database.query('truncate large_members')
    await database.query('insert into large_members select $1, id from person limit $2', [largeId, ofLargeGroup])
    const table = { list: await measure(list(listByTable)), join: await measure(join(joinTable)) }
    return {
      title: `Members: a list of 20 among ${conversations.toLocaleString('en')} conversations; joining a group of ${ofLargeGroup.toLocaleString('en')}`,
      rows: [row('members table', table, table), row('participant_ids uuid[] with GIN', arrays, table)],
    }
  })
}

function row(variant, { list, join }, base) {
  return {
    variant,
    'list, median': ms(list.p50),
    'to the table': ratio(list.p50, base.list.p50),
    'join, median': ms(join.p50),
    'join, p99': ms(join.p99),
    'join, WAL': `${(join.wal / 1024).toFixed(1)} KB`,
  }
}

const personId = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const largeId = personId(999_999_999)

const listByArray = `
  select id, participant_ids, last_message_at from array_conversation where participant_ids @> array[$1::uuid]
  order by last_message_at desc limit 20`
const listByTable = `
  select c.id, (select array_agg(user_id) from member where conversation_id = c.id), c.last_message_at
  from (select c.* from member m join conversation c on c.id = m.conversation_id where m.user_id = $1 order by c.last_message_at desc limit 20) c`
const joinArray = `update array_conversation set participant_ids = participant_ids || $1::uuid where id = '${largeId}'`
const joinTable = `insert into large_members values ('${largeId}', $1) on conflict do nothing`

// Most conversations have two people, one in ten has up to 40; each person is in about 30.
async function create({ query }) {
  const id = (n) => `('00000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`
  await query('create table person (id uuid primary key)')
  await query(`insert into person select ${id('n')} from generate_series(1, ${people}) n`)
  await query(`create table conversation (id uuid primary key, last_message_at timestamptz(3))`)
  await query(
    `insert into conversation select ${id('n')}, now() - random() * interval '90 days' from generate_series(1, ${conversations}) n`,
  )
  await query('create table member (conversation_id uuid, user_id uuid, primary key (conversation_id, user_id))')
  await query(`
    insert into member select ${id('c')}, ${id(`1 + (c * 31 + i * (1 + c % 97)) % ${people}`)}
    from generate_series(1, ${conversations}) c, generate_series(1, case when c % 10 = 0 then 2 + c % 38 else 2 end) i on conflict do nothing`)
  await query('create index on member (user_id)')
  await query('create table large_members (conversation_id uuid, user_id uuid, primary key (conversation_id, user_id))')
  await query('create table array_conversation (id uuid primary key, participant_ids uuid[] not null, last_message_at timestamptz(3))')
  await query(
    'insert into array_conversation select id, array_agg(user_id), last_message_at from conversation join member on conversation_id = id group by id',
  )
  await query(
    `insert into array_conversation select '${largeId}', array_agg(id), now() from (select id from person limit ${ofLargeGroup}) p`,
  )
  await query('create index on array_conversation using gin (participant_ids)')
  await query('create index on array_conversation (last_message_at desc)')
  await query('analyze')
  await query('vacuum')
}
