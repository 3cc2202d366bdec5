import { randomUUID } from 'node:crypto'
import type { Conversation, Message, SyncPage } from '@viatra-chat/contract'
import { doors, signToken, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2 })
})
afterAll(() => world.close())
afterEach(() => void vi.useRealTimers())

const conversations = '/api/v1/chat/conversations'
const read = (who: Person, { id }: { id: string }, message_ids: string[], api = 0) =>
  who.rest('POST', `${conversations}/${id}/read`, { message_ids }, { api })
const remove = (who: Person, { id }: { id: string }, whom: Person) => who.rest('DELETE', `${conversations}/${id}/participants/${whom.id}`)
const add = (who: Person, { id }: { id: string }, whom: Person) =>
  who.rest('POST', `${conversations}/${id}/participants`, { participant_ids: [whom.id] })
const ids = (things: readonly { id: string }[]) => things.map(({ id }) => id)

describe.each(doors)('sync over $name', (door) => {
  async function sync(who: Person, input: { since?: string; limit?: number } = {}): Promise<SyncPage> {
    const answer = await door.ask(who, 'sync', input)
    if (!answer.success) throw new Error(JSON.stringify(answer))
    return answer.data as unknown as SyncPage
  }

  /** Follows a token to the end of what there is. */
  async function syncAll(who: Person, since: string, limit?: number): Promise<{ pages: SyncPage[]; messages: Message[]; next: string }> {
    const pages = [await sync(who, { since, ...(limit && { limit }) })]
    while (pages.at(-1)?.has_more) pages.push(await sync(who, { since: pages.at(-1)?.next ?? '', ...(limit && { limit }) }))
    return { pages, messages: pages.flatMap(({ messages }) => messages), next: pages.at(-1)?.next ?? '' }
  }

  test('without a token it starts anew: the newest conversations, no messages, and where to go on', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'hi')
    const page = await sync(bob)
    expect(page).toEqual({
      conversations: [await bob.conversation(conversation.id)],
      messages: [],
      receipts: [],
      removed_conversation_ids: [],
      next: expect.any(String),
      has_more: false,
      reset: true,
    })
    expect(page.conversations[0]).toMatchObject({ unread_count: 1, last_message: { id: message.id } })
    expect(await sync(bob, { since: page.next })).toMatchObject({ removed_conversation_ids: [], has_more: false, reset: false })
  })

  test('starting anew shows the 50 conversations that were active last, the newest first', async () => {
    const ann = await world.person('Ann')
    const people = await world.people(...Array.from({ length: 52 }, (_, i) => `Friend ${i}`))
    const all: Conversation[] = []
    for (const friend of people) all.push(await ann.create({ participant_ids: [friend.id] }))
    const newest = all[3] as Conversation
    await ann.send(newest, 'hi')
    const { conversations: shown, has_more } = await sync(ann)
    expect(has_more).toBe(false)
    expect(shown).toHaveLength(50)
    expect(shown[0]?.id).toBe(newest.id)
    expect(ids(shown)).toEqual(ids(await ann.conversations('?limit=50')))
  })

  test.each<[what: string, input: Record<string, unknown>, path: string]>([
    ['a token that never was one', { since: 'garbage' }, 'since'],
    ['a token with something behind it', { since: 'AAAA=' }, 'since'],
    ['a token of 501 characters', { since: 'a'.repeat(501) }, 'since'],
    ...['0', '9x', '9..', '9.5.6', '9.5.3.3', '9.5.3.2', '9.-1'].map((snapshot): [string, Record<string, unknown>, string] => [
      `a token that holds ${snapshot}`,
      { since: Buffer.from(`0a0a0a0a-0000-4000-8000-00000000000f ${snapshot} 1700000000000`).toString('base64url') },
      'since',
    ]),
    ['a limit of 0', { limit: 0 }, 'limit'],
    ['a limit of 501', { limit: 501 }, 'limit'],
    ['a limit that is no number', { limit: 'ten' }, 'limit'],
  ])('%s is refused', async (_, input, path) => {
    const ann = await world.person('Ann')
    const answer = await door.ask(ann, 'sync', input)
    expect(answer).toMatchObject({ success: false, code: 'VALIDATION_ERROR', errors: [{ path }] })
  })

  test('new and deleted messages, by conversation in ascending seq, and only of one’s own conversations', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [cid] = await world.people('Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const foreign = await ann.create({ participant_ids: [cid.id] })
    const old = await ann.send(conversation, 'old')
    const doomed = await ann.send(conversation, 'doomed', { metadata: { a: 1 } })
    const { next } = await sync(bob)

    await ann.send(foreign, 'not for Bob')
    for (const to of [group, conversation, group, conversation]) await ann.send(to, 'new')
    await ann.rest('DELETE', `/api/v1/chat/messages/${doomed.id}`)

    const { messages } = await syncAll(bob, next)
    const expected = [await bob.history(conversation), await bob.history(group)].flatMap((history) =>
      history.filter(({ id }) => id !== old.id),
    )
    expect(messages.filter(({ id }) => id !== doomed.id && id !== old.id)).toEqual(expect.arrayContaining(expected))
    expect(messages.find(({ id }) => id === doomed.id)).toMatchObject({ is_deleted: true, content: null, metadata: {}, seq: 2 })
    expect(messages.every(({ conversation_id }) => conversation_id !== foreign.id)).toBe(true)
    for (const { id } of [conversation, group]) {
      const seqs = messages.flatMap((message) => (message.conversation_id === id ? [message.seq] : []))
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    }
    const order = messages.map(({ conversation_id }) => conversation_id)
    expect(order.filter((id, i) => id !== order[i - 1])).toHaveLength(2)
  })

  test('receipts come as ranges of seq, of every participant', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const messages: Message[] = []
    for (let i = 0; i < 70; i++) messages.push(await ann.send(conversation, `${i}`))
    const { next } = await sync(ann)
    const marked = (from: number, to: number) => ids(messages.slice(from - 1, to))

    await read(bob, conversation, [...marked(1, 3), ...marked(5, 6), ...marked(60, 70)])
    await bob.rest('POST', `${conversations}/${conversation.id}/delivered`, { message_ids: [...marked(4, 4), ...marked(8, 8)] })

    const { pages } = await syncAll(ann, next)
    const receipts = pages.flatMap((page) => page.receipts)
    expect(receipts).toEqual([
      {
        conversation_id: conversation.id,
        user_id: bob.id,
        delivered: [
          [1, 6],
          [8, 8],
          [60, 70],
        ],
        read: [
          [1, 3],
          [5, 6],
          [60, 70],
        ],
      },
    ])
    expect((await sync(bob, { since: next })).reset).toBe(false)
  })

  test('conversations that were created, joined or changed, and those that are gone', async () => {
    const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
    const [left, renamed, regained, untouched] = await Promise.all(
      [1, 2, 3, 4].map(() => ann.create({ type: 'group', participant_ids: [bob.id] })),
    )
    if (!left || !renamed || !regained || !untouched) throw new Error('four groups were created')
    const joined = await ann.create({ type: 'group', participant_ids: [cid.id] })
    await ann.send(joined, 'before Bob came')
    const { next } = await sync(bob)

    const created = await ann.create({ participant_ids: [bob.id] })
    await remove(bob, left, bob)
    await ann.send(left, 'after Bob left')
    await ann.rest('PATCH', `${conversations}/${renamed.id}`, { metadata: { name: 'New' } })
    await remove(ann, regained, bob)
    await add(ann, regained, bob)
    await add(ann, joined, bob)

    const { pages, messages } = await syncAll(bob, next)
    const shown = pages.flatMap((page) => page.conversations)
    expect(ids(shown)).toEqual(expect.arrayContaining(ids([created, renamed, regained, joined])))
    expect(ids(shown)).not.toContain(left.id)
    expect(shown.find(({ id }) => id === renamed.id)).toEqual(await bob.conversation(renamed.id))
    expect(pages.flatMap((page) => page.removed_conversation_ids)).toEqual([left.id])
    expect(messages.filter(({ conversation_id }) => conversation_id === left.id)).toEqual([])
  })

  test('a role that changed brings the conversation', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const { next } = await sync(bob)
    await ann.rest('PATCH', `${conversations}/${group.id}/participants/${bob.id}`, { participant_role: 'moderator' })
    const page = await sync(bob, { since: next })
    expect(page.conversations).toMatchObject([
      { id: group.id, participants: expect.arrayContaining([expect.objectContaining({ id: bob.id, participant_role: 'moderator' })]) },
    ])
  })

  test('pages hold at most `limit` messages, and together all of them, those sent meanwhile in the next round', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const { next } = await sync(bob)
    await Promise.all(Array.from({ length: 35 }, (_, i) => ann.send(i % 3 ? conversation : group, `${i}`)))

    const first = await sync(bob, { since: next, limit: 10 })
    expect(first).toMatchObject({ has_more: true, reset: false })
    await Promise.all([ann.send(conversation, 'meanwhile'), ann.send(group, 'meanwhile')])
    const rest = await syncAll(bob, first.next, 10)
    const round = await syncAll(bob, rest.next, 10)

    expect([first, ...rest.pages, ...round.pages].every(({ messages }) => messages.length <= 10)).toBe(true)
    const got = new Set(ids([...first.messages, ...rest.messages, ...round.messages]))
    const all = [...(await bob.history(conversation)), ...(await bob.history(group))]
    expect(all).toHaveLength(37)
    expect(all.filter(({ id }) => !got.has(id))).toEqual([])
  })

  test('pages of long messages hold fewer, so that no answer grows without bound, and together all of them', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const { next } = await sync(bob)
    const metadata = { large: 'x'.repeat(16_000) }
    const sent = await Promise.all(Array.from({ length: 50 }, () => ann.send(conversation, '\u{1f600}'.repeat(5000), { metadata })))
    const { pages, messages } = await syncAll(bob, next)
    expect(ids(messages)).toEqual(ids(sent.toSorted((a, b) => a.seq - b.seq)))
    expect(pages.length).toBeGreaterThan(1)
    for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page.messages))).toBeLessThan(1.2 * 1024 * 1024)
  })

  test('no more means all there is now: what was said where a round of several pages had already passed is told before', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const [passed, ahead] = [conversation, group].sort((a, b) => (a.id < b.id ? -1 : 1)) as [Conversation, Conversation]
    const { next } = await sync(bob)
    await ann.send(passed, '1')
    for (const content of ['1', '2', '3']) await ann.send(ahead, content)

    const first = await sync(bob, { since: next, limit: 2 })
    expect(first.messages.map(({ conversation_id }) => conversation_id)).toEqual([passed.id, ahead.id])
    const late = await ann.send(passed, 'too late for this round')
    expect(ids((await syncAll(bob, first.next, 2)).messages)).toContain(late.id)
  })

  test('a transaction that stays open does not make anything come twice', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const { next } = await sync(bob)
    const slow = await world.database.connect()
    try {
      await slow.query('begin')
      await slow.query('select pg_current_xact_id()')
      const message = await ann.send(conversation, 'hi')
      const seen = await syncAll(bob, next)
      expect(ids(seen.messages)).toEqual([message.id])
      expect((await syncAll(bob, seen.next)).messages).toEqual([])
    } finally {
      slow.release(true)
    }
  })

  test('a token of another database starts anew', async () => {
    const { ann } = await world.twoPeople()
    const { next } = await sync(ann)
    expect(await sync(ann, { since: next })).toMatchObject({ reset: false })
    await world.database.query('update chat_database set id = gen_random_uuid()')
    expect(await sync(ann, { since: next })).toMatchObject({ reset: true, messages: [], has_more: false, conversations: [{}] })
  })

  test('more than 5,000 changes since a token start anew', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const { next } = await sync(bob)
    await insertMessages(world.database, conversation, ann, 5000)
    expect(await sync(bob, { since: next, limit: 500 })).toMatchObject({ reset: false, has_more: true })
    await ann.send(conversation, 'one too many')
    expect(await sync(bob, { since: next })).toMatchObject({
      reset: true,
      messages: [],
      conversations: [{ id: conversation.id, unread_count: 5001 }],
    })
  })

  test('a transaction that commits after a later one was seen is not missed', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const other = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const early = await ann.send(conversation, 'early')
    const { next } = await sync(bob)
    const slow = await world.database.connect()
    try {
      await slow.query('begin')
      await insertMessages(slow, conversation, ann, 1)
      await markRead(slow, conversation, bob, 1)
      const later = await ann.send(other, 'later')
      const seen = await syncAll(bob, next)
      expect(ids(seen.messages)).toContain(later.id)
      expect(seen.messages.filter(({ conversation_id, seq }) => conversation_id === conversation.id && seq > 1)).toEqual([])
      await slow.query('commit')

      const page = await sync(bob, { since: seen.next })
      const [newest] = await bob.history(conversation)
      expect(newest).toMatchObject({ seq: 2 })
      expect(page.messages).toContainEqual(newest)
      expect(page.receipts).toEqual([{ conversation_id: conversation.id, user_id: bob.id, delivered: [[1, 1]], read: [[1, 1]] }])
      expect(early.seq).toBe(1)
    } finally {
      slow.release(true)
    }
  })

  test('who follows the tokens while others write knows in the end what history knows', async () => {
    const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
    const groups = await Promise.all([1, 2, 3].map(() => ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })))
    const known = new Map<string, Message>()
    let { next } = await sync(cid)
    const follow = async () => {
      const { messages, next: after } = await syncAll(cid, next, 7)
      for (const message of messages) known.set(message.id, message)
      next = after
    }
    const write = async (who: Person, i: number) => {
      const group = groups[i % groups.length] as Conversation
      const message = await who.send(group, `${who.name} ${i}`, {}, { api: i })
      if (i % 5 === 0) await who.rest('DELETE', `/api/v1/chat/messages/${message.id}`)
    }
    let isWriting = true
    const writing = Promise.all([ann, bob].flatMap((who) => Array.from({ length: 30 }, (_, i) => write(who, i)))).finally(
      () => (isWriting = false),
    )
    while (isWriting) await follow()
    await writing
    await follow()

    const histories = (await Promise.all(groups.map((group) => cid.history(group, '?limit=100')))).flat()
    const current = [...known.values()].filter(({ is_deleted }) => !is_deleted)
    expect(histories).toHaveLength(48)
    expect(ids(current).sort()).toEqual(ids(histories).sort())
    expect(known.size).toBe(60)
  })
})

test('a token of more than 30 days ago starts anew', async () => {
  const { ann } = await world.twoPeople()
  const day = 24 * 60 * 60 * 1000
  const headers = { authorization: `Bearer ${signToken({ secret: world.secret, userId: ann.id, expiresInMs: 60 * day })}` }
  const sync = async (since = '') =>
    (await ann.rest<SyncPage>('GET', `/api/v1/chat/sync?${since && `since=${since}`}`, undefined, { headers })).data
  const { next } = await sync()
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: now + 29 * day })
  expect(await sync(next)).toMatchObject({ reset: false })
  vi.setSystemTime(now + 31 * day)
  expect(await sync(next)).toMatchObject({ reset: true })
})

interface Queryable {
  query(text: string, values?: unknown[]): Promise<unknown>
}

/** Writes as another program would, in one statement. */
const insertMessages = (database: Queryable, conversation: { id: string }, sender: Person, count: number) =>
  database.query(
    `with bumped as (
       update conversations set last_seq = last_seq + $3, message_count = message_count + $3, version = version + 1 where id = $1 returning last_seq - $3 as seq
     )
     insert into messages (conversation_id, seq, id, sender_id, message_type, content)
     select $1, bumped.seq + i, gen_random_uuid(), $2, 'text', 'message ' || i from bumped, generate_series(1, $3::int) i`,
    [conversation.id, sender.id, count],
  )

async function markRead(database: Queryable, conversation: { id: string }, reader: Person, seq: number): Promise<void> {
  await database.query(
    `update conversation_members set delivered_seqs = delivered_seqs + int8multirange(int8range($3::bigint, $3::bigint + 1)),
       read_seqs = read_seqs + int8multirange(int8range($3::bigint, $3::bigint + 1)), receipts_version = receipts_version + 1
     where conversation_id = $1 and user_id = $2`,
    [conversation.id, reader.id, seq],
  )
  await database.query(
    `insert into receipt_marks (conversation_id, bucket, user_id, kind, seqs) values ($1, $3::bigint >> 5, $2, 'read', int8multirange(int8range($3::bigint, $3::bigint + 1)))`,
    [conversation.id, reader.id, seq],
  )
}

test('strangers see nothing of a conversation', async () => {
  const { ann, conversation } = await world.twoPeople()
  const [cid] = await world.people('Cid')
  const first = (await cid.rest<SyncPage>('GET', '/api/v1/chat/sync')).data
  await ann.send(conversation, 'hi')
  await cid.send(await cid.create({ participant_ids: [ann.id] }), randomUUID())
  const page = (await cid.rest<SyncPage>('GET', `/api/v1/chat/sync?since=${first.next}`)).data
  expect(new Set([...ids(page.conversations), ...page.messages.map(({ conversation_id }) => conversation_id)])).not.toContain(
    conversation.id,
  )
})
