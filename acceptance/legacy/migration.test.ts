import type { Conversation, Message, Receipt, SyncPage } from '@viatra-chat/contract'
import { migrateLegacy, isComplete } from '@viatra-chat/legacy'
import { eventually, signToken, startWorld, testSecret, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oldId, openOldDatabase, type OldDatabase } from './old-database.js'
import { runCommand } from './run-command.js'

// One database is moved while both are in use. The tests follow each other.

const messages = Number(process.env.LEGACY_MESSAGES ?? 20_000)
let world: World
let old: OldDatabase
beforeAll(async () => {
  ;[world, old] = await Promise.all([startWorld(), openOldDatabase({ messages })])
})
afterAll(() => Promise.all([world.close(), old.close()]))

const run = () => migrateLegacy({ from: old.url, to: world.databaseUrl })

test('a run that is killed in the middle is started again, and everything is there once', { timeout: 120_000 }, async () => {
  const arguments_ = ['--from', old.url, '--to', world.databaseUrl, '--batch', '500']
  const release = await holdUp(oldId('1', 40))
  const killed = runCommand(...arguments_)
  await eventually(async () => expect([(await movedConversations()) > 0, await isHeldUp()]).toEqual([true, true]), 60_000)
  killed.process.kill('SIGKILL')
  expect((await killed.ended).code).toBe(null)
  await release()
  const before = await movedConversations()
  expect(before).toBeLessThan(400)

  const again = await runCommand(...arguments_).ended
  expect(again.output.split('\n')).toEqual([
    expect.stringContaining(`Taken over in this run: ${400 - before} conversations`),
    expect.stringContaining(`40 people, 400 conversations, ${messages.toLocaleString('en')} messages`),
    expect.stringContaining('400 conversations are equal, 0 differ, 0 changed meanwhile'),
    'Complete: the new database holds all that the old one does.',
    '',
  ])
  expect(again.code).toBe(0)
})

/** Whoever moves a conversation of this person waits from now on, in the middle of a batch. Gives the way to end that. */
async function holdUp(personId: string): Promise<() => Promise<void>> {
  const client = await world.database.connect()
  await client.query(`insert into users (id, first_name, last_name) values ($1, 'First40', 'Last40')`, [personId])
  await client.query('begin')
  await client.query('select from users where id = $1 for update', [personId])
  return async () => {
    await client.query('rollback')
    client.release()
  }
}

async function isHeldUp(): Promise<boolean> {
  const { rowCount } = await world.database.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'viatra-chat legacy' and wait_event_type = 'Lock'`,
  )
  return rowCount === 1
}

async function movedConversations(): Promise<number> {
  const { rows } = await world.database.query<{ ready: boolean }>(`select to_regclass('chat_legacy.conversations') is not null as ready`)
  if (!rows[0]?.ready) return 0
  const moved = await world.database.query<{ count: number }>(`select count(*)::int as count from chat_legacy.conversations`)
  return moved.rows[0]?.count ?? 0
}

describe('over REST', () => {
  test('people see their conversations, the newest activity first, and what is unread', async () => {
    for (const n of [1, 2, 17]) {
      const expected = await old.rows<{ id: string; unread: number; people: string[]; newest: string | null }>(
        `select c.id, (select count(*)::int from messages where conversation_id = c.id and sender_id <> $1 and not is_deleted and not read_by @> array[$1::uuid]) as unread,
           (select array_agg(p order by p) from unnest(participant_ids) p) as people,
           (select id from messages where conversation_id = c.id and not is_deleted order by created_at desc, id desc limit 1) as newest
         from conversations c where participant_ids @> array[$1::uuid] order by last_message_at desc`,
        [oldId('1', n)],
      )
      const seen = await allConversations(n)
      const show = ({ id, unread_count, participant_ids, last_message }: Conversation) => [
        id,
        unread_count,
        participant_ids.toSorted(),
        last_message?.id ?? null,
      ]
      const sorted = (rows: unknown[][]) => rows.toSorted((a, b) => String(a[0]).localeCompare(String(b[0])))
      expect(sorted(seen.map(show))).toEqual(sorted(expected.map(({ id, unread, people, newest }) => [id, unread, people, newest])))
      expect(seen.map((one) => one.last_message_at)).toEqual(
        seen
          .map((one) => one.last_message_at)
          .toSorted()
          .reverse(),
      )
    }
  })

  test('every conversation of a person reads as it did, message by message', async () => {
    for (const conversation of await allConversations(3)) {
      const seen = await wholeHistory(3, conversation.id)
      expect(seen.map(withoutSender)).toEqual(await oldHistory(conversation))
    }
  })

  test('receipts have their people, and a time no earlier than the message', async () => {
    const [conversation] = await allConversations(4, 'direct')
    const message = (await wholeHistory(4, conversation?.id ?? '')).find((one) => one.delivered_to.length === 2)
    const { receipts } = await get<{ receipts: Receipt[] }>(4, `messages/${message?.id}/receipts`)
    expect(receipts.filter(({ delivered_at }) => delivered_at !== null).map(({ user_id }) => user_id)).toEqual(
      message?.delivered_to.toSorted(),
    )
    expect(receipts.filter(({ read_at }) => read_at !== null).map(({ user_id }) => user_id)).toEqual(message?.read_by.toSorted())
    for (const { delivered_at } of receipts) expect(delivered_at && message && delivered_at >= message.created_at).toBe(true)
  })
})

test('push tokens are registered', async () => {
  const { rows } = await world.database.query('select fcm_token, user_id from devices order by fcm_token')
  expect(rows).toEqual(await old.rows('select fcm_token, id as user_id from users where fcm_token is not null order by fcm_token'))
})

test('a second run brings what changed in the old database, and nothing else', { timeout: 60_000 }, async () => {
  const [direct] = await allConversations(5, 'direct')
  const [group] = await allConversations(6, 'group')
  if (!direct || !group) throw new Error('there are enough conversations')
  const read = (await wholeHistory(5, direct.id)).find(({ read_by }) => read_by.length === 1)
  await old.pool.query(`
    insert into users (id, email, password_hash, first_name, created_at, updated_at) values ('${oldId('1', 99)}', 'new@clinic.example', 'x', 'New', now(), now());
    update users set first_name = 'Renamed', fcm_token = 'token-new' where id = '${oldId('1', 3)}';
    insert into messages (conversation_id, sender_id, message_type, content) values ('${direct.id}', '${oldId('1', 5)}', 'text', 'Another one');
    update messages set read_by = participants.ids from (select participant_ids as ids from conversations where id = '${direct.id}') participants where id = '${read?.id}';
    update messages set is_deleted = true, updated_at = now() where id = (select id from messages where conversation_id = '${group.id}' and not is_deleted order by created_at limit 1);
    update conversations set participant_ids = array_append(participant_ids, '${oldId('1', 99)}') where id = '${group.id}';
    insert into conversations (id, type, participant_ids, created_by) values ('${oldId('2', 999)}', 'group', '{${oldId('1', 99)},${oldId('1', 6)}}', '${oldId('1', 99)}')`)

  const before = await get<SyncPage>(5, 'sync')
  const report = await run()
  const { messages: changed, receipts } = await get<SyncPage>(5, `sync?since=${before.next}`)
  expect(changed.filter(({ conversation_id }) => conversation_id === direct.id).map(({ content }) => content)).toEqual(['Another one'])
  expect(receipts.map(({ conversation_id }) => conversation_id)).toContain(direct.id)
  expect(report.moved.conversations).toBe(3)
  expect(isComplete(report)).toBe(true)
  for (const [n, id] of [
    [5, direct.id],
    [6, group.id],
    [99, group.id],
  ] as const) {
    const conversation = await get<Conversation>(n, `conversations/${id}`)
    expect((await wholeHistory(n, id)).map(withoutSender)).toEqual(await oldHistory(conversation))
  }
  expect((await allConversations(99)).map(({ id }) => id).toSorted()).toEqual([group.id, oldId('2', 999)].toSorted())
  const { rows } = await world.database.query(
    `select first_name, d.fcm_token from users u join devices d on d.user_id = u.id where u.id = $1`,
    [oldId('1', 3)],
  )
  expect(rows).toEqual([{ first_name: 'Renamed', fcm_token: 'token-new' }])
  expect((await run()).moved.conversations).toBe(0)
})

test('the old database may be written to meanwhile; when that ends, a last run completes it', { timeout: 60_000 }, async () => {
  let written = 0
  let isWriting = true
  const writing = (async () => {
    for (; isWriting; written++)
      await old.pool.query(
        `insert into messages (conversation_id, sender_id, message_type, content, read_by) select id, participant_ids[1], 'text', $1, participant_ids from conversations
         order by md5(id::text || $1) limit 1`,
        [`written ${written}`],
      )
  })()
  await run()
  isWriting = false
  await writing
  expect(written).toBeGreaterThan(10)
  const last = await runCommand('--from', old.url, '--to', world.databaseUrl).ended
  expect(last.output).toContain('Complete: the new database holds all that the old one does.')
  const { rows } = await world.database.query(`select count(*)::int as count from messages where content like 'written %'`)
  expect(rows).toEqual([{ count: written }])
})

const chat = '/api/v1/chat'

async function get<T>(n: number, path: string): Promise<T> {
  const token = signToken({ secret: testSecret, userId: oldId('1', n), role: 'patient', expiresInMs: 3_600_000 })
  const response = await fetch(`${world.apis[0]}${chat}/${path}`, { headers: { authorization: `Bearer ${token}` } })
  const body = (await response.json()) as { data: T; success: boolean }
  if (!body.success) throw new Error(JSON.stringify(body))
  return body.data
}

async function allConversations(n: number, type?: string): Promise<Conversation[]> {
  const found: Conversation[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = `limit=50${type ? `&type=${type}` : ''}${cursor && `&cursor=${cursor}`}`
    const page: { conversations: Conversation[]; pagination: { next_cursor: string | null } } = await get(n, `conversations?${query}`)
    found.push(...page.conversations)
    cursor = page.pagination.next_cursor
  }
  return found
}

/** Newest first. */
async function wholeHistory(n: number, conversationId: string): Promise<Message[]> {
  const found: Message[] = []
  for (let before: string | null = ''; before !== null;) {
    const page: { messages: Message[]; pagination: { next_cursor: string | null } } = await get(
      n,
      `conversations/${conversationId}/messages?limit=100${before && `&before=${before}`}`,
    )
    found.push(...page.messages)
    before = page.pagination.next_cursor
  }
  return found
}

const withoutSender = ({ sender: _, client_message_id: __, parent: ___, ...message }: Message) => message

/** What the old database would show, in the words of the contract. */
async function oldHistory({ id, participant_ids }: Conversation): Promise<unknown[]> {
  interface OldRow {
    sender_id: string
    read_by: string[]
    delivered_to: string[]
    created_at: string
    updated_at: string
    seq: number
    is_deleted: boolean
  }
  const rows = await old.rows<OldRow>(
    `select id, conversation_id, (row_number() over (order by created_at, id))::int as seq, sender_id, parent_message_id, message_type, content, metadata,
       read_by, delivered_to, is_edited, is_deleted, created_at, updated_at
     from messages where conversation_id = $1 order by created_at desc, id desc`,
    [id],
  )
  const readers = (row: OldRow, ids: string[]) => {
    const others = [...new Set(ids)].filter((reader) => reader !== row.sender_id && participant_ids.some((one) => one === reader)).sort()
    return participant_ids.some((one) => one === row.sender_id) ? [row.sender_id, ...others] : others
  }
  return rows
    .filter((row) => !row.is_deleted)
    .map((row) => ({
      ...row,
      read_by: readers(row, row.read_by),
      delivered_to: readers(row, [...row.read_by, ...row.delivered_to]),
      created_at: new Date(row.created_at).toISOString(),
      updated_at: new Date(row.updated_at).toISOString(),
    }))
}
