import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seed } from '../src/seed.js'
import { openDatabase, type TestDatabase } from './open-database.js'

const now = new Date()
let database: TestDatabase
beforeAll(async () => {
  database = await openDatabase('migrated')
  await Promise.all([seed(database.url, now), seed(database.url, now)])
})
afterAll(() => database.close())

/** Each finds rows that break a rule. */
const offences: Record<string, string> = {
  'seq counts 1, 2, 3 … without gaps, and last_seq is the last': `
    select c.id from conversations c left join messages m on m.conversation_id = c.id group by c.id
    having count(m.seq) <> c.last_seq or coalesce(max(m.seq), 0) <> c.last_seq or coalesce(min(m.seq), 1) <> 1`,
  'messages come in the order of their times, none in the future': `
    select id from (select id, created_at, lag(created_at) over (partition by conversation_id order by seq) as before from messages) m
    where created_at < before or created_at > now()`,
  'message_count counts what is not deleted, and last_message_at is the time of the last': `
    select c.id from conversations c join messages m on m.conversation_id = c.id group by c.id
    having count(*) filter (where not m.is_deleted) <> c.message_count or max(m.created_at) <> c.last_message_at`,
  'conversation_deletions holds the deleted seqs': `
    select conversation_id from (select conversation_id, range_agg(int8range(seq, seq + 1)) as seqs from messages where is_deleted group by 1) m
    full join conversation_deletions d using (conversation_id) where m.seqs is distinct from d.seqs`,
  'what is deleted says when and by whom, and is in the audit log': `
    select m.id from messages m left join audit_log a on a.message_id = m.id and a.action = 'message_deleted' and a.actor_id = m.sender_id
    where m.is_deleted <> (m.deleted_at is not null) or m.is_deleted <> (m.deleted_by is not null) or m.is_deleted <> (a.id is not null)`,
  'participant_count counts the members': `
    select c.id from conversations c where c.participant_count <> (select count(*) from conversation_members where conversation_id = c.id)`,
  'each conversation has one owner': `
    select conversation_id from conversation_members group by 1 having count(*) filter (where role = 'owner') <> 1`,
  'a direct conversation has two members, named by its key': `
    select c.id from conversations c join conversation_members m on m.conversation_id = c.id where c.type = 'direct' group by c.id
    having string_agg(m.user_id::text, ':' order by m.user_id::text) <> c.direct_key or count(*) <> 2`,
  'senders took part when they wrote, and in the channel they may post': `
    select m.id from messages m join conversations c on c.id = m.conversation_id
    left join conversation_members cm on cm.conversation_id = m.conversation_id and cm.user_id = m.sender_id
    left join former_members f on f.conversation_id = m.conversation_id and f.user_id = m.sender_id
    where (cm.user_id is null and (f.user_id is null or m.created_at > f.left_at))
      or m.seq <= cm.joined_seq or (c.type = 'channel' and cm.role = 'member')`,
  'replies quote an earlier message of the conversation': `
    select m.id from messages m left join messages p on p.id = m.parent_message_id and p.conversation_id = m.conversation_id
    where m.parent_message_id is not null and (p.seq is null or p.seq >= m.seq)`,
  'what is read is delivered': `select user_id from conversation_members where not delivered_seqs @> read_seqs`,
  'nobody has a receipt for what came before they joined': `
    select user_id from conversation_members where lower(delivered_seqs) <= joined_seq`,
  'nobody marks what they wrote, or deleted messages': `
    select m.id from receipt_marks k join messages m on m.conversation_id = k.conversation_id and k.seqs @> m.seq
    where m.sender_id = k.user_id or m.is_deleted`,
  'the log of marks adds up to the receipts, but for the own and deleted messages that they bridge, and lies in the buckets of its seqs': `
    select user_id from conversation_members cm
    left join (
      select conversation_id, user_id, range_agg(seqs) as delivered, range_agg(seqs) filter (where kind = 'read') as read, count(*) as marks,
        bool_and(lower(seqs) >> 5 = bucket and (upper(seqs) - 1) >> 5 = bucket) as in_bucket
      from receipt_marks group by 1, 2
    ) k using (conversation_id, user_id)
    cross join lateral (
      select coalesce(range_agg(int8range(seq, seq + 1)), '{}') as bridged from messages m
      where m.conversation_id = cm.conversation_id and (m.sender_id = cm.user_id or m.is_deleted)
    ) m
    where coalesce(k.delivered, '{}') <> cm.delivered_seqs - bridged or coalesce(k.read, '{}') <> cm.read_seqs - bridged
      or not coalesce(in_bucket, true) or cm.receipts_version > coalesce(k.marks, 0)`,
  'nobody marks a message before it was written': `
    select k.user_id from receipt_marks k join messages m on m.conversation_id = k.conversation_id and k.seqs @> m.seq
    where k.at < m.created_at or k.at > now()`,
  'nobody has read everything': `
    select id from users where id not in (
      select cm.user_id from conversation_members cm join messages m on m.conversation_id = cm.conversation_id and m.seq > cm.joined_seq
      where m.sender_id <> cm.user_id and m.message_type <> 'system' and not m.is_deleted and not cm.read_seqs @> m.seq)`,
}

describe('in the demo', () => {
  test.each(Object.entries(offences))('%s', async (_, query) => {
    expect(await database.rows(query)).toEqual([])
  })

  test('there is something of everything', async () => {
    const [counts] = await database.rows(`
      select (select count(*)::int from users) as people, count(*)::int > 3500 as thousands, count(distinct message_type)::int as types,
        count(parent_message_id) > 50 as replies, count(*) filter (where is_deleted) > 5 as deleted,
        count(distinct metadata ->> 'action')::int as actions, count(*) filter (where metadata ? 'attachment_url') > 50 as attachments
      from messages`)
    expect(counts).toEqual({ people: 12, thousands: true, types: 4, replies: true, deleted: true, actions: 5, attachments: true })
  })

  test('the view shows messages with the people who got and read them, sender first', async () => {
    const [row] = await database.rows(`
      select count(*)::int > 3500 as all, bool_and(read_by[1] = sender_id and delivered_to[1] = sender_id and delivered_to @> read_by) as ordered,
        max(cardinality(read_by)) > 5 as many
      from messages_with_receipts`)
    expect(row).toEqual({ all: true, ordered: true, many: true })
  })
})

test('a second seed changes nothing and names the same people', async () => {
  const [before] = await database.rows('select count(*), max(created_at) from messages')
  const people = await seed(database.url, new Date())
  expect(people).toHaveLength(12)
  expect(people[0]).toEqual({
    id: '01900000-0000-7000-8000-000000000001',
    email: 'anna.lindqvist@clinic.example',
    first_name: 'Anna',
    last_name: 'Lindqvist',
    role: 'patient',
  })
  expect(await database.rows('select count(*), max(created_at) from messages')).toEqual([before])
})

test('every seed tells the same', async () => {
  const other = await openDatabase('migrated')
  await seed(other.url, new Date(now.getTime() + 3_600_000 * 50))
  const told = `select md5(string_agg(conversation_id || seq::text || sender_id || coalesce(content, '') || metadata::text, '' order by conversation_id, seq)) as told from messages`
  expect(await other.rows(told)).toEqual(await database.rows(told))
  await other.close()
})
