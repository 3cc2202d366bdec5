import type { Conversation, SyncPage } from '@viatra-chat/contract'
import { eventually, joinFrom, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../duties/command.js'

// `pnpm db:partition` beside a product that is used.

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2, env: { CHAT_CACHE: 'off' } })
})
afterAll(() => world.close())

const partition = (...args: string[]) => runCommand('db/dist/partition-cli.js', args, { DATABASE_URL: world.databaseUrl })

test('while messages are sent, read, deleted and synced: all that was acknowledged is there once, seqs have no gap, everybody heard all of it', async () => {
  const [ann, bob] = await world.people('Ann', 'Bob')
  const conversations = await Promise.all(['one', 'two', 'three'].map(() => ann.create({ type: 'group', participant_ids: [bob.id] })))
  const firstSeqs = await insertOldMessages(conversations)
  const running = { on: true }
  const following = { on: true }
  const syncing = followSync(ann, following)
  const talking = conversations.map((conversation, n) => talk({ ann, bob, conversation, instance: n }, running))

  expect(await partition('--parts', '4')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('messages has 4 partitions now') as string,
  })
  expect(await partition('--parts', '16')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('messages has 16 partitions now') as string,
  })

  running.on = false
  const talks = await Promise.all(talking)
  following.on = false
  for (const { conversation, sent, deleted, listener } of talks) {
    const firstSeq = firstSeqs.get(conversation.id) ?? 0
    expect(sent.size).toBeGreaterThan(5)
    expect([...sent.values()]).toEqual(Array.from(sent, (_, i) => firstSeq + i))
    const { rows } = await world.database.query<{ id: string; seq: number; is_deleted: boolean }>(
      'select id, seq::int, is_deleted from messages where conversation_id = $1 and seq >= $2 order by seq',
      [conversation.id, firstSeq],
    )
    expect(rows.map(({ id, seq }) => [id, seq])).toEqual([...sent])
    expect(rows.filter((row) => row.is_deleted).map(({ id }) => id)).toEqual(deleted)
    await eventually(() => expect(listener.seen('new_message').map(({ id }) => id)).toEqual([...sent.keys()]))
    expect((await ann.conversation(conversation.id)).unread_count).toBe(0)
  }
  expect(await syncing).toEqual(new Set(talks.flatMap(({ sent }) => [...sent.keys()])))
  expect(await world.database.query(`select from messages where content like 'old %'`)).toMatchObject({ rowCount: oldMessages * 3 })
})

test('says what is there already, and how it is used', async () => {
  expect(await partition('--', '--parts', '16')).toEqual({
    code: 0,
    stdout: 'Nothing to do: messages has 16 partitions already.\n',
    stderr: '',
  })
  const usage = 'Usage: pnpm db:partition --parts N\n'
  expect(await partition()).toEqual({ code: 1, stdout: '', stderr: usage })
  expect(await partition('--parts', 'many')).toEqual({ code: 1, stdout: '', stderr: usage })
  expect((await partition('--pieces', '4')).stderr).toContain(usage)
  expect((await partition('--parts', '1000')).stderr).toBe('Partitioning failed: Give a number of parts from 1 to 256.\n')
})

const oldMessages = 4000

/** Enough of them for several batches. @returns the seq of what is sent next, for each conversation */
async function insertOldMessages(conversations: readonly Conversation[]): Promise<Map<string, number>> {
  const ids = conversations.map(({ id }) => id)
  await world.database.query(
    `insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select c.id, c.last_seq + n, gen_random_uuid(), c.created_by, 'text', 'old ' || n
     from conversations c cross join generate_series(1, $2::int) n where c.id = any($1)`,
    [ids, oldMessages],
  )
  const { rows } = await world.database.query<{ id: string; last_seq: number }>(
    `update conversations set last_seq = last_seq + $2, message_count = message_count + $2, version = version + 1 where id = any($1)
     returning id, last_seq::int`,
    [ids, oldMessages],
  )
  return new Map(rows.map((row) => [row.id, row.last_seq + 1]))
}

/** Asks again and again what is new, and once more when it is over. @returns the ids of all messages that it was told of */
async function followSync(who: Person, running: { on: boolean }): Promise<Set<string>> {
  const told = new Set<string>()
  const ask = async (since?: string) => {
    const { data } = await who.rest<SyncPage>('GET', `/api/v1/chat/sync${since === undefined ? '' : `?since=${encodeURIComponent(since)}`}`)
    for (const { id } of data.messages) told.add(id)
    return data
  }
  let page = await ask()
  for (let isLast = false; !isLast || page.has_more;) {
    isLast = !running.on
    page = await ask(page.next)
  }
  return told
}

interface Talk {
  ann: Person
  bob: Person
  conversation: Conversation
  instance: number
}

/** Bob writes and deletes, Ann reads, until it is over. */
async function talk({ ann, bob, conversation, instance }: Talk, running: { on: boolean }) {
  const sent = new Map<string, number>()
  const deleted: string[] = []
  const listener: Connection = await joinFrom(ann, conversation, instance)
  for (let n = 0; running.on; n++) {
    const { id, seq } = await bob.send(conversation, `new ${n}`, { client_message_id: `${conversation.id}-${n}` }, { api: n })
    sent.set(id, seq)
    await listener.get('mark_read', { conversationId: conversation.id, messageIds: [id] })
    if (n % 5 === 0) {
      await bob.rest('DELETE', `/api/v1/chat/messages/${id}`)
      deleted.push(id)
    }
    await ann.history(conversation, '?limit=100&page=2', { api: n })
  }
  return { conversation, sent, deleted, listener }
}
