import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrateLegacy } from '../src/legacy/migrate-legacy.js'
import { id, openLegacyDatabase } from './legacy-database.js'
import { openDatabase, type TestDatabase } from './open-database.js'

// LEGACY_MESSAGES=100000 tries it at the size of a real clinic.
const messages = Number(process.env.LEGACY_MESSAGES ?? 20_000)

let old: TestDatabase
let here: TestDatabase
beforeAll(async () => {
  ;[old, here] = await Promise.all([openLegacyDatabase(messages), openDatabase('migrated')])
}, 120_000)
afterAll(() => Promise.all([old.close(), here.close()]))

const move = (signal?: AbortSignal) => migrateLegacy({ from: old.url, to: here.url, ...(signal && { signal }) })

// What both databases say of every message, in one text: a person has got or read it, or not.
const receiptsOf = (list: string) => `(select array_agg(distinct u order by u) from unnest(${list} || m.sender_id) u)`
const columns = `m.id, m.conversation_id, m.sender_id, m.parent_message_id, m.message_type, m.content, m.metadata, m.is_edited, m.is_deleted,
  date_trunc('milliseconds', m.created_at) as created_at, date_trunc('milliseconds', m.updated_at) as updated_at`
const inOld = `select ${columns}, case when not is_deleted then ${receiptsOf('read_by')} end as read_by,
  case when not is_deleted then ${receiptsOf('read_by || delivered_to')} end as delivered_to from messages m`
const inHere = `select ${columns}, case when not is_deleted then ${receiptsOf('read_by')} end as read_by,
  case when not is_deleted then ${receiptsOf('delivered_to')} end as delivered_to from messages_with_receipts m`
const digest = (query: string) => `select count(*)::int as count, md5(string_agg(m::text, '|' order by id)) as text from (${query}) m`

async function expectTheSame(): Promise<void> {
  const [there, now] = await Promise.all([old.rows(digest(inOld)), here.rows(digest(inHere))])
  expect(now).toEqual(there)
}

test('an interrupted move leaves whole batches, and the next run goes on from there', { timeout: 180_000 }, async () => {
  const stop = new AbortController()
  const interrupted = migrateLegacy({
    from: old.url,
    to: here.url,
    batchSize: 100,
    signal: stop.signal,
    say: (line) => line.startsWith('7 of') && stop.abort(new Error('enough')),
  })
  await expect(interrupted).rejects.toThrow('enough')
  const [{ count: before = 0 } = {}] = await here.rows<{ count: number }>('select count(*)::int as count from messages')
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(messages)

  expect(await move()).toMatchObject({ messages: messages - before, changed: 0, remarks: [] })
  await expectTheSame()
})

test('seqs are 1, 2, 3 … in the order of time, and the counters fit', async () => {
  const wrong = await here.rows(`
    select c.id from conversations c join lateral (
      select count(*) as all_of_them, count(*) filter (where not is_deleted) as shown, max(seq) as last, max(created_at) as newest,
        bool_and(in_order) as in_order
      from (select *, created_at >= coalesce(lag(created_at) over (order by seq), created_at) as in_order from messages m where m.conversation_id = c.id) m
    ) m on true
    left join conversation_deletions d on d.conversation_id = c.id
    where not (m.last = m.all_of_them and c.last_seq = m.last and c.message_count = m.shown and m.in_order and c.last_message_at = m.newest
      and (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(d.seqs) r) = m.all_of_them - m.shown
      and c.participant_count = (select count(*) from conversation_members cm where cm.conversation_id = c.id))`)
  expect(wrong).toEqual([])
})

test('what happens meanwhile comes with the next run: messages, deletions, receipts, people', async () => {
  const author = id(1, 1)
  await old.pool.query(`insert into users (id, first_name, fcm_token) values ('${id(1, 99)}', 'New', 'token-99')`)
  await old.pool.query(`insert into messages (id, conversation_id, sender_id, message_type, content, parent_message_id)
    values ('${id(3, 9_000_001)}', '${id(2, 1)}', '${author}', 'text', 'late', '${id(3, 20)}')`)
  await old.pool.query(`update messages set is_deleted = true, updated_at = now() where id = '${id(3, 20)}'`)
  await old.pool.query(`update messages set read_by = read_by || '${id(1, 11)}'::uuid where id = '${id(3, 9_000_001)}'`)
  expect(await move()).toMatchObject({ people: 1, conversations: 0, messages: 1, changed: 1 })
  await expectTheSame()
  expect(await here.rows(`select user_id from devices where fcm_token = 'token-99'`)).toEqual([{ user_id: id(1, 99) }])
})

test('a run with nothing new changes nothing', async () => {
  const state = `select md5(string_agg(t::text, '|' order by t::text)) from (select * from conversations) t`
  const before = await here.rows(state)
  expect(await move()).toMatchObject({ people: 0, conversations: 0, messages: 0, changed: 0 })
  expect(await here.rows(state)).toEqual(before)
})

test('receipts have times, and who left keeps theirs', async () => {
  const [left, kept] = [id(1, 2), id(1, 12)]
  await old.pool.query(
    `insert into conversations (id, type, participant_ids, created_by) values ('${id(2, 50)}', 'group', array['${kept}']::uuid[], '${kept}')`,
  )
  await old.pool.query(`insert into messages (conversation_id, sender_id, message_type, content, read_by, updated_at)
    values ('${id(2, 50)}', '${kept}', 'text', 'Farewell', array['${left}']::uuid[], '2024-02-03T04:05:06.789Z')`)
  await move()
  expect(await here.rows(`select read_seqs::text from former_members where conversation_id = '${id(2, 50)}'`)).toEqual([
    { read_seqs: '{[1,2)}' },
  ])
  const times = await here.rows<{ kind: string }>(`select distinct kind from receipt_marks where conversation_id = '${id(2, 1)}'`)
  expect(times.map(({ kind }) => kind).toSorted()).toEqual(['delivered', 'read'])
})

test('what the old tables allowed and these do not is kept and told', async () => {
  const [one, two, gone] = [id(1, 1), id(1, 11), id(1, 77)]
  await old.pool.query(`insert into conversations (id, type, participant_ids, created_by) values
    ('${id(2, 61)}', 'direct', array['${two}', '${one}']::uuid[], '${one}'),
    ('${id(2, 62)}', 'direct', array['${one}']::uuid[], '${one}'),
    ('${id(2, 63)}', 'group', array['${one}', '${one}', '${gone}']::uuid[], null),
    ('${id(2, 64)}', 'group', array['${gone}']::uuid[], null)`)
  const { remarks, conversations } = await move()
  expect(conversations).toBe(3)
  expect(remarks).toEqual([
    expect.stringContaining(`second one of the same people as ${id(2, 1)}`),
    expect.stringContaining('has 1 people; it became a group'),
    expect.stringContaining(`${id(2, 63)} names 1 people who do not exist`),
    expect.stringContaining(`${id(2, 64)} names 1 people`),
    expect.stringContaining('nobody in it that is known'),
  ])
  const rows = await here.rows(`select type, created_by, participant_count from conversations where id = '${id(2, 63)}'`)
  expect(rows).toEqual([{ type: 'group', created_by: one, participant_count: 1 }])
})
