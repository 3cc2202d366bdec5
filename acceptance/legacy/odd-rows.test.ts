import { randomUUID } from 'node:crypto'
import type { Message, SyncPage } from '@viatra-chat/contract'
import { isComplete, migrateLegacy, type LegacyReport } from '@viatra-chat/legacy'
import { openTestStores, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openOldDatabase, type OldDatabase } from './old-database.js'
import { runCommand } from './run-command.js'

// What an old database holds that has no place of its own here: nothing of it is lost, and each such row is noted.

let world: World
let old: OldDatabase
let ann: Person
let bob: Person
let eve: Person
beforeAll(async () => {
  ;[world, old] = await Promise.all([startWorld(), openOldDatabase({ messages: 0 })])
})
afterAll(() => Promise.all([world.close(), old.close()]))

// The platform's people are in both databases.
beforeEach(async () => {
  ;[ann, bob, eve] = await world.people('Ann', 'Bob', 'Eve')
  for (const { id, name } of [ann, bob, eve]) await insertUser(id, name)
})

const run = () => migrateLegacy({ from: old.url, to: world.databaseUrl })

async function insertUser(id: string, name: string, more: { email?: string; token?: string } = {}): Promise<string> {
  await old.pool.query(
    `insert into users (id, email, password_hash, first_name, last_name, fcm_token, created_at, updated_at) values ($1, $2, 'x', $3, 'Example', $4, now(), now())`,
    [id, more.email ?? `${id}@old.example`, name, more.token ?? null],
  )
  return id
}

async function insertConversation(people: readonly { id: string }[], fields: Record<string, unknown> = {}): Promise<{ id: string }> {
  const row = { id: randomUUID(), type: 'group', created_by: people[0]?.id, participant_ids: people.map(({ id }) => id), ...fields }
  await insertRow('conversations', row)
  return { id: row.id }
}

async function insertMessage(
  conversation: { id: string },
  sender: { id: string },
  content: string | null,
  fields: Record<string, unknown> = {},
) {
  const row = { id: randomUUID(), conversation_id: conversation.id, sender_id: sender.id, message_type: 'text', content, ...fields }
  await insertRow('messages', row)
  return { id: row.id }
}

async function insertRow(table: string, row: object): Promise<void> {
  const columns = Object.keys(row)
  await old.pool.query(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  )
}

/** Notes about a conversation, and what they say. */
async function notesOn({ id }: { id: string }): Promise<[kind: string, subject: string, detail: string][]> {
  const { rows } = await world.database.query<{ kind: string; subject: string; detail: string }>(
    'select kind, subject, detail from chat_legacy.notes where conversation_id = $1 order by kind, subject',
    [id],
  )
  return rows.map(({ kind, subject, detail }) => [kind, subject, detail])
}

const contents = (messages: readonly Message[]) => messages.map(({ content }) => content).toReversed()
const complete = (report: LegacyReport) => expect([report.different, isComplete(report)]).toEqual([[], true])

describe('direct conversations', () => {
  test('of one pair: the oldest stays direct, the others are groups of two with all they hold', async () => {
    const people = [ann, bob]
    const second = await insertConversation(people, { type: 'direct', created_at: '2024-02-01T00:00:00Z' })
    const first = await insertConversation(people.toReversed(), { type: 'direct', created_at: '2024-01-01T00:00:00Z' })
    await insertMessage(first, ann, 'in the first')
    await insertMessage(second, bob, 'in the second')
    complete(await run())
    expect(await ann.conversation(first.id)).toMatchObject({ type: 'direct', participant_count: 2 })
    expect(await ann.conversation(second.id)).toMatchObject({ type: 'group', participant_count: 2 })
    expect(contents(await bob.history(second))).toEqual(['in the second'])
    expect((await bob.create({ participant_ids: [ann.id] })).id).toBe(first.id)
    expect(await notesOn(second)).toEqual([['direct_as_group', second.id, expect.stringContaining('the oldest stays direct')]])
    expect(await notesOn(first)).toEqual([])
  })

  test('with one person, with three, or with a stranger to the platform are groups', async () => {
    const stranger = randomUUID()
    const alone = await insertConversation([ann], { type: 'direct' })
    const three = await insertConversation([ann, bob, eve], { type: 'direct' })
    const half = await insertConversation([ann, { id: stranger }], { type: 'direct' })
    complete(await run())
    for (const [conversation, participant_count] of [
      [alone, 1],
      [three, 3],
      [half, 1],
    ] as const)
      expect(await ann.conversation(conversation.id)).toMatchObject({ type: 'group', participant_count })
    expect(await notesOn(half)).toEqual([
      ['direct_as_group', half.id, 'a direct conversation of 1 known people'],
      ['participant_unknown', stranger, expect.any(String)],
    ])
  })

  test('that were begun here already stay; the old one comes as a group', async () => {
    const here = await ann.create({ participant_ids: [eve.id] })
    const there = await insertConversation([ann, eve], { type: 'direct' })
    await insertMessage(there, eve, 'before')
    complete(await run())
    expect((await eve.create({ participant_ids: [ann.id] })).id).toBe(here.id)
    expect(contents(await ann.history(there))).toEqual(['before'])
    expect(await notesOn(there)).toEqual([['direct_as_group', there.id, 'the new database has a direct conversation of the same people']])
  })
})

describe('people', () => {
  test('who are not users are noted, and come in with a later run once they are', async () => {
    const late = randomUUID()
    const group = await insertConversation([ann, { id: late }])
    const message = await insertMessage(group, ann, 'Hello', { read_by: [ann.id, late] })
    complete(await run())
    expect(await ann.conversation(group.id)).toMatchObject({ participant_ids: [ann.id] })
    expect(await notesOn(group)).toEqual([
      ['participant_unknown', late, expect.any(String)],
      ['reader_unknown', late, 'delivered {[1,2)}, read {[1,2)}'],
    ])
    await insertUser(late, 'Late')
    complete(await run())
    expect((await ann.conversation(group.id)).participant_ids.toSorted()).toEqual([ann.id, late].toSorted())
    expect(await ann.history(group)).toMatchObject([{ id: message.id, read_by: [ann.id, late] }])
    expect(await notesOn(group)).toEqual([])
  })

  test('who take part no longer keep what they wrote and read, also if they leave between two runs', async () => {
    const group = await insertConversation([ann, bob])
    await insertMessage(group, eve, 'from Eve', { read_by: [eve.id, ann.id, bob.id] })
    await insertMessage(group, ann, 'from Ann', { read_by: [bob.id, eve.id] })
    complete(await run())
    expect((await eve.rest('GET', `/api/v1/chat/conversations/${group.id}`)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect((await ann.history(group)).map(({ read_by }) => read_by)).toEqual([[ann.id, bob.id], [ann.id, bob.id].sort()])
    await old.pool.query('update conversations set participant_ids = array[$1::uuid] where id = $2', [ann.id, group.id])
    complete(await run())
    expect((await bob.rest('GET', `/api/v1/chat/conversations/${group.id}`)).verdict).toBe('403 NOT_A_PARTICIPANT')
    await ann.rest('POST', `/api/v1/chat/conversations/${group.id}/participants`, { participant_ids: [bob.id, eve.id] })
    expect((await ann.history(group))[1]?.read_by).toEqual([ann.id, ...[bob.id, eve.id].sort()])
    expect((await ann.history(group))[2]?.read_by).toEqual([eve.id, ...[ann.id, bob.id].sort()])
  })

  test('have roles: the creator owns, else who is named first; who wrote in a channel may go on to', async () => {
    const channel = await insertConversation([bob, ann, eve], { type: 'channel', created_by: null })
    await insertMessage(channel, ann, 'news')
    complete(await run())
    const { participants } = await ann.conversation(channel.id)
    expect(Object.fromEntries(participants.map((one) => [one.first_name, one.participant_role]))).toEqual({
      Ann: 'moderator',
      Bob: 'owner',
      Eve: 'member',
    })
    expect((await ann.send(channel, 'more news')).seq).toBe(2)
  })

  test('whom the platform has here already stay as they are; others come with their names, one address and one token each', async () => {
    await old.pool.query(`update users set first_name = 'Other' where id = $1`, [ann.id])
    const [one, two] = [randomUUID(), randomUUID()].sort()
    if (!one || !two) throw new Error('two ids')
    await insertUser(one, 'One', { token: 'shared-token', email: `${ann.id}@example.org` })
    await insertUser(two, 'Two', { token: 'shared-token' })
    await insertUser(randomUUID(), 'Blank', { token: 'with a space' })
    await old.pool.query(`update users set updated_at = now() + interval '1 hour' where id = $1`, [two])
    const report = await run()
    const { rows } = await world.database.query('select first_name, email from users where id = any($1) order by first_name', [
      [ann.id, one, two],
    ])
    expect(rows).toEqual([
      { first_name: 'Ann', email: `${ann.id}@example.org` },
      { first_name: 'One', email: null },
      { first_name: 'Two', email: `${two}@old.example` },
    ])
    expect((await world.database.query('select user_id from devices where fcm_token = $1', ['shared-token'])).rows).toEqual([
      { user_id: two },
    ])
    expect(report.notes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'email_taken', example: expect.objectContaining({ subject: one }) }),
        expect.objectContaining({ kind: 'token_shared', example: expect.objectContaining({ subject: one }) }),
        expect.objectContaining({ kind: 'token_unusable' }),
      ]),
    )
  })

  test('unknown to everybody in a conversation without messages: it is left out, and said', async () => {
    const nobody = await insertConversation([{ id: randomUUID() }], { created_by: null })
    const report = await run()
    complete(report)
    expect(report.leftOut).toBe(1)
    expect(await notesOn(nobody)).toEqual([['nobody_known', nobody.id, expect.any(String)]])
    await old.pool.query('delete from conversations where id = $1', [nobody.id])
  })
})

describe('messages', () => {
  test('with metadata that apps would stumble over: it is adapted, and the original kept', async () => {
    // So deep that showing it would end in an overflow of the stack.
    const deep = `${'{"a": '.repeat(5000)}1${'}'.repeat(5000)}`
    const group = await insertConversation([ann, bob], { metadata: JSON.stringify({ name: 7, topic: 'x' }) })
    const typed = await insertMessage(group, ann, 'typed', { metadata: JSON.stringify({ file_size: '12 KB', file_name: 'a.pdf' }) })
    const tooDeep = await insertMessage(group, ann, 'deep', { metadata: deep })
    await insertMessage(group, ann, 'list', { metadata: '[1]' })
    await insertMessage(group, ann, 'none', { metadata: null })
    complete(await run())
    expect((await bob.history(group)).map(({ metadata }) => metadata).toReversed()).toEqual([
      { legacy_file_size: '12 KB', file_name: 'a.pdf' },
      {},
      {},
      {},
    ])
    expect((await bob.conversation(group.id)).metadata).toEqual({ legacy_name: 7, topic: 'x' })
    expect((await notesOn(group)).map(([kind]) => kind)).toEqual(Array.from({ length: 4 }, () => 'metadata_adapted'))
    expect(await notesOn(group)).toContainEqual(['metadata_adapted', typed.id, 'metadata.file_size must be an integer or null'])
    const { rows } = await world.database.query('select metadata::text from chat_legacy.originals where id = $1', [tooDeep.id])
    expect(rows).toEqual([{ metadata: deep }])
  })

  test('that were committed late take their place by time, and what comes after them moves up', async () => {
    const group = await insertConversation([ann, bob])
    const at = (second: number) => ({ created_at: `2024-05-01T10:00:0${second}.000500Z`, updated_at: `2024-05-01T10:00:0${second}Z` })
    await insertMessage(group, ann, 'one', at(1))
    const three = await insertMessage(group, ann, 'three', { ...at(3), read_by: [bob.id] })
    complete(await run())
    await insertMessage(group, bob, 'two', at(2))
    complete(await run())
    expect((await ann.history(group)).map(({ seq, content }) => [seq, content])).toEqual([
      [3, 'three'],
      [2, 'two'],
      [1, 'one'],
    ])
    expect((await ann.history(group))[0]).toMatchObject({ id: three.id, read_by: [ann.id, bob.id], created_at: '2024-05-01T10:00:03.000Z' })
    expect((await bob.conversation(group.id)).unread_count).toBe(1)
  })

  test('vanished, deleted, undeleted or without a time: the old database is believed', async () => {
    const group = await insertConversation([ann, bob])
    const [gone, kept, back] = [
      await insertMessage(group, ann, 'gone', { created_at: '2024-01-01T00:00:01Z' }),
      await insertMessage(group, ann, 'kept', { created_at: '2024-01-01T00:00:02Z' }),
      await insertMessage(group, ann, 'back', { created_at: '2024-01-01T00:00:03Z', is_deleted: true }),
    ]
    const timeless = await insertMessage(group, ann, null, { created_at: null, updated_at: '2024-01-01T00:00:04Z', read_by: null })
    complete(await run())
    expect(contents(await bob.history(group))).toEqual(['gone', 'kept', null])
    await old.pool.query('delete from messages where id = $1', [gone.id])
    await old.pool.query('update messages set is_deleted = (id = $1) where id = any($2)', [kept.id, [kept.id, back.id]])
    complete(await run())
    expect((await bob.history(group)).map(({ seq, content }) => [seq, content])).toEqual([
      [3, null],
      [2, 'back'],
    ])
    expect((await notesOn(group)).map(([kind, subject]) => [kind, subject])).toEqual([
      ['content_unusual', timeless.id],
      ['time_missing', timeless.id],
    ])
  })

  test('that changed without another time reach apps which know them, and so does what was said since', async () => {
    const group = await insertConversation([ann, bob])
    const at = (second: number) => ({ created_at: `2024-05-01T10:00:0${second}Z`, updated_at: `2024-05-01T10:00:0${second}Z` })
    const changed = await insertMessage(group, ann, 'as it was', at(1))
    await insertMessage(group, ann, 'unchanged', at(2))
    complete(await run())
    const changes = async (since?: string) =>
      (await bob.rest<SyncPage>('GET', `/api/v1/chat/sync${since === undefined ? '' : `?since=${since}`}`)).data
    const { next } = await changes()
    await insertMessage(group, ann, 'later', at(3))
    await old.pool.query(`update messages set content = 'as it is' where id = $1`, [changed.id])
    complete(await run())
    expect(contents((await changes(next)).messages)).toEqual(expect.arrayContaining(['as it is', 'later']))
  })

  test('that answer one of another conversation keep the link, and it is noted', async () => {
    const [group, other] = [await insertConversation([ann, bob]), await insertConversation([ann, bob])]
    const parent = await insertMessage(other, ann, 'elsewhere')
    const reply = await insertMessage(group, bob, 'an answer', { parent_message_id: parent.id })
    complete(await run())
    expect(await ann.history(group)).toMatchObject([{ parent_message_id: parent.id, parent: null }])
    expect(await notesOn(group)).toEqual([['parent_elsewhere', reply.id, parent.id]])
  })
})

describe('a conversation that is used here before the last run', () => {
  test('keeps what happened here; what the old database has besides is added', async () => {
    const group = await insertConversation([ann, bob, eve], { metadata: { name: 'Old' } })
    const first = await insertMessage(group, ann, 'first')
    const second = await insertMessage(group, ann, 'second')
    complete(await run())
    const here = await bob.send(group, 'sent here')
    await ann.rest('DELETE', `/api/v1/chat/messages/${first.id}`)
    await bob.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [second.id] })
    await insertMessage(group, eve, 'sent there', { read_by: [ann.id] })
    await old.pool.query(`update messages set read_by = array[$1::uuid] where id = $2`, [eve.id, second.id])
    await old.pool.query(`update conversations set metadata = '{"name": "New"}', participant_ids = array[$1::uuid] where id = $2`, [
      ann.id,
      group.id,
    ])

    const report = await run()
    complete(report)
    expect(report.inUse).toBeGreaterThan(0)
    expect((await ann.history(group)).map(({ seq, content, read_by }) => [seq, content, read_by.length])).toEqual([
      [4, 'sent there', 2],
      [3, 'sent here', 1],
      [2, 'second', 3],
    ])
    expect((await ann.history(group))[1]?.id).toBe(here.id)
    expect(await ann.conversation(group.id)).toMatchObject({ metadata: { name: 'Old' }, participant_count: 3 })
    expect((await notesOn(group)).map(([kind]) => kind)).toEqual(['appended_late', 'in_use'])
    expect((await bob.send(group, 'goes on')).seq).toBe(5)
  })
})

test('the comparison finds whatever is not the same here', async () => {
  const breaches = {
    'checksum of messages and their order': `update messages set content = 'forged' where conversation_id = $1 and seq = 1`,
    'deleted messages': `update messages set is_deleted = true where conversation_id = $1 and seq = 1`,
    'messages: 2 there, 1 here': `delete from messages where conversation_id = $1 and seq = 2`,
    'receipts: 2 there, 0 here': `update conversation_members set read_seqs = '{}', delivered_seqs = '{}' where conversation_id = $1`,
    participants: `delete from conversation_members where conversation_id = $1 and role = 'member'`,
    'type, metadata or time': `update conversations set metadata = '{"a": 1}' where id = $1`,
    counters: `update conversations set message_count = 7 where id = $1`,
  }
  const groups = await Promise.all(Object.keys(breaches).map(() => insertConversation([ann, bob])))
  for (const group of groups) {
    await insertMessage(group, ann, 'one', { read_by: [bob.id] })
    await insertMessage(group, bob, 'two')
  }
  complete(await run())
  for (const [i, breach] of Object.values(breaches).entries()) await world.database.query(breach, [groups[i]?.id])
  const { code, output } = await runCommand('--from', old.url, '--to', world.databaseUrl).ended
  expect(code).toBe(1)
  for (const [i, difference] of Object.keys(breaches).entries())
    expect(output).toMatch(new RegExp(`${groups[i]?.id} differs: .*${difference}`))
  await world.database.query('delete from chat_legacy.conversations where id = any($1)', [groups.map(({ id }) => id)])
})

describe('it says in one sentence why it cannot be', () => {
  const refusal = async (from: string, to: string) => {
    const { code, errors, output } = await runCommand('--from', from, '--to', to).ended
    expect([code, output]).toEqual([1, ''])
    return errors.trim()
  }

  test('when the old database is none, or has other types', async () => {
    expect(await refusal(world.databaseUrl, world.databaseUrl)).toBe(
      'The old database has no column conversations.participant_ids: is this the URL of the old one?',
    )
    const integers = await openOldDatabase({ messages: 0 })
    onTestFinished(() => integers.close())
    await integers.pool.query('drop table users cascade; create table users (id serial primary key, email text)')
    expect(await refusal(integers.url, world.databaseUrl)).toBe(
      "The old database's users.id is of type int4, not uuid: it cannot be moved.",
    )
  })

  test('when the new database is not migrated, or another run is under way', async () => {
    expect(await refusal(old.url, old.url)).toContain('migrate it first')
    const client = await world.database.connect()
    await client.query(`select pg_advisory_lock(hashtext('viatra-chat legacy'))`)
    expect(await refusal(old.url, world.databaseUrl)).toContain('Another run is moving conversations into this database')
    await client.query(`select pg_advisory_unlock(hashtext('viatra-chat legacy'))`)
    client.release()
  })

  test('when the platform’s users cannot be made by us', async () => {
    const stores = await openTestStores()
    onTestFinished(() => stores.close())
    await stores.database.query('alter table users add column password_hash text not null')
    expect(await refusal(old.url, stores.databaseUrl)).toBe(
      'The new database\'s users need a value for "password_hash", which is the platform\'s: let the platform fill in its people first.',
    )
  })

  test('when a URL is missing or nobody answers', async () => {
    expect((await runCommand('--to', 'x').ended).errors).toContain('Usage: pnpm migrate:legacy --from')
    expect(await refusal('postgres://nobody@127.0.0.1:1/none', world.databaseUrl)).toMatch(/^The old database cannot be reached: /)
  })
})
