import type { Conversation, Message } from '@viatra-chat/contract'
import { newUserId, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 0 })
})
afterAll(() => world.close())

const list = '/api/v1/chat/conversations'
const create = (who: Person, body: Record<string, unknown>, api = 0) => who.rest<Conversation>('POST', list, body, { api })

describe('creating', () => {
  test('without a type: direct with one other person, else a group', async () => {
    const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
    const direct = await create(ann, { participant_ids: [bob.id] })
    const group = await create(ann, { participant_ids: [bob.id, carl.id] })
    expect([direct.verdict, direct.data.type]).toEqual(['201', 'direct'])
    expect([group.verdict, group.data.type]).toEqual(['201', 'group'])
  })

  test('the creator is always a participant and the owner; duplicates fold', async () => {
    const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
    const named = [bob.id, carl.id, bob.id.toUpperCase(), ann.id]
    const { data } = await create(ann, { type: 'group', participant_ids: named })
    expect([...data.participant_ids].sort()).toEqual([ann.id, bob.id, carl.id].sort())
    expect(data).toMatchObject({ participant_count: 3, created_by: ann.id })
    expect(rolesOf(data)).toEqual({ [ann.id]: 'owner', [bob.id]: 'member', [carl.id]: 'member' })
    const folded = await create(ann, { participant_ids: [bob.id, bob.id.toUpperCase(), ann.id] })
    expect(folded.data).toMatchObject({ type: 'direct', participant_count: 2 })
  })

  test('every participant sees it, and its metadata, at once on every instance', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const { data } = await create(ann, {
      type: 'channel',
      participant_ids: [bob.id],
      metadata: { name: 'News', deep: { a: [1, null, 'x'] } },
    })
    const seen = await bob.conversation(data.id, { api: 1 })
    expect(seen).toEqual(data)
    expect(seen.metadata).toEqual({ name: 'News', deep: { a: [1, null, 'x'] } })
    expect(await bob.conversations('', { api: 1 })).toEqual([data])
  })

  test('is not told in a message: history begins empty', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const { data } = await create(ann, { type: 'group', participant_ids: [bob.id], metadata: { name: 'x' } })
    expect(await ann.history(data)).toEqual([])
  })

  test.each([
    ['a direct one with oneself', (ann: Person) => ({ type: 'direct', participant_ids: [ann.id] }), ['participant_ids']],
    ['with oneself, without a type', (ann: Person) => ({ participant_ids: [ann.id] }), ['participant_ids']],
    ['with nobody', () => ({ participant_ids: [] }), ['participant_ids']],
    ['with nobody named', () => ({}), ['participant_ids']],
    ['a group of one', (ann: Person) => ({ type: 'group', participant_ids: [ann.id] }), ['participant_ids']],
    ['a type that is unknown', () => ({ type: 'room', participant_ids: [] }), ['type']],
    ['a type of another kind', () => ({ type: ['direct'], participant_ids: [] }), ['type']],
    ['people that are no list', (ann: Person) => ({ participant_ids: ann.id }), ['participant_ids']],
    ['ids that are no UUIDs', () => ({ participant_ids: ['x', 1, {}] }), ['participant_ids.0', 'participant_ids.1', 'participant_ids.2']],
    ['metadata that is no object', () => ({ participant_ids: [newUserId()], metadata: [] }), ['metadata']],
    ['several at once', () => ({ type: 'x', participant_ids: ['y'], metadata: 'z' }), ['type', 'participant_ids.0', 'metadata']],
  ])('is refused naming every field: %s', async (_what, body, paths) => {
    const ann = await world.person('Ann')
    const answer = await create(ann, body(ann))
    expect(answer.verdict).toBe('400 VALIDATION_ERROR')
    expect([...answer.paths].sort()).toEqual([...paths].sort())
  })

  test('a direct one with two others is refused', async () => {
    const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
    expect((await create(ann, { type: 'direct', participant_ids: [bob.id, carl.id] })).paths).toEqual(['participant_ids'])
  })

  test('unknown and inactive people are each named', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const gone = await world.person('Gone', { is_active: false })
    const answer = await create(ann, { type: 'group', participant_ids: [newUserId(), bob.id, gone.id] })
    expect(answer.verdict).toBe('400 VALIDATION_ERROR')
    expect(answer.paths).toEqual(['participant_ids.0', 'participant_ids.2'])
    expect(await bob.conversations()).toEqual([])
  })

  test('a group has at most 1,000 people', async () => {
    const ann = await world.person('Ann')
    const people = await world.crowd(1000)
    const most = await create(ann, { type: 'group', participant_ids: people.slice(1) })
    expect(most.verdict).toBe('201')
    expect([most.data.participant_count, most.data.participants.length]).toEqual([1000, 1000])
    expect((await create(ann, { type: 'group', participant_ids: people })).paths).toEqual(['participant_ids'])
    expect((await create(ann, { participant_ids: people })).verdict).toBe('400 VALIDATION_ERROR')
    // The creator named among them does not count twice.
    expect((await create(ann, { type: 'group', participant_ids: [...people.slice(1), ann.id] })).verdict).toBe('201')
  })

  test('one call names at most 1,000 people, as listed', async () => {
    const ann = await world.person('Ann')
    const [bob = ''] = await world.crowd(1)
    expect((await create(ann, { participant_ids: Array<string>(1000).fill(bob) })).verdict).toBe('201')
    expect((await create(ann, { participant_ids: Array<string>(1001).fill(bob) })).paths).toEqual(['participant_ids'])
  })

  test('a channel shows at most the first 100 of its people and counts them all', async () => {
    const ann = await world.person('Ann')
    const people = await world.crowd(1000)
    const { data } = await create(ann, { type: 'channel', participant_ids: people })
    expect(data.participant_count).toBe(1001)
    expect(data.participants).toHaveLength(100)
    expect(data.participant_ids).toEqual(data.participants.map(({ id }) => id))
    expect(data).toEqual(await ann.conversation(data.id))
    const alone = await create(ann, { type: 'channel', participant_ids: [] })
    expect([alone.verdict, alone.data.participant_count]).toEqual(['201', 1])
  })
})

describe('the newest message of a channel', () => {
  test('tells of everybody who read it, whether shown or not', async () => {
    const ann = await world.person('Ann')
    const channel = await ann.create({ type: 'channel', participant_ids: await world.crowd(100) })
    const late = await world.person('Late')
    await ann.rest('POST', `/api/v1/chat/conversations/${channel.id}/participants`, { participant_ids: [late.id] })
    const message = await ann.send(channel, 'hi')
    await late.rest('POST', `/api/v1/chat/conversations/${channel.id}/read`, { message_ids: [message.id] })
    const [listed] = await ann.conversations()
    expect(listed?.participant_ids).not.toContain(late.id)
    expect(listed?.last_message).toMatchObject({ read_by: [ann.id, late.id], delivered_to: [ann.id, late.id] })
    expect(listed).toEqual(await ann.conversation(channel.id))
  })
})

describe('a direct conversation', () => {
  test('that exists is found, by either person, and its metadata stays', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const first = await create(ann, { participant_ids: [bob.id], metadata: { name: 'first' } })
    const again = await create(ann, { type: 'direct', participant_ids: [bob.id], metadata: { name: 'second' } })
    const theirs = await create(bob, { participant_ids: [ann.id] }, 1)
    expect([first.verdict, again.verdict, theirs.verdict]).toEqual(['201', '200', '200'])
    expect([again.data, theirs.data]).toEqual([first.data, first.data])
    expect(first.data.metadata).toEqual({ name: 'first' })
  })

  test('created by both people at once on two instances is one row, and one of them 201', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 ? create(ann, { participant_ids: [bob.id] }, n >> 1) : create(bob, { participant_ids: [ann.id] }, n >> 1),
      ),
    )
    expect(answers.map(({ verdict }) => verdict).sort()).toEqual([...Array<string>(19).fill('200'), '201'])
    expect(new Set(answers.map(({ data }) => data.id)).size).toBe(1)
    const { rows } = await world.database.query('select 1 from conversation_members where user_id = $1', [ann.id])
    expect(rows).toHaveLength(1)
  })

  test('stands beside groups and channels of the same two people', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const ids = [undefined, 'group', 'group', 'channel'].map(
      async (type) => (await create(ann, { type, participant_ids: [bob.id] })).data.id,
    )
    expect(new Set(await Promise.all(ids)).size).toBe(4)
  })

  test('cannot be left, added to, removed from, renamed or have roles', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const carl = await world.person('Carl')
    const path = `${list}/${conversation.id}`
    for (const who of [ann, bob]) {
      const other = who === ann ? bob : ann
      const answers = [
        await who.rest('DELETE', `${path}/participants/${who.id}`),
        await who.rest('DELETE', `${path}/participants/${other.id}`),
        await who.rest('POST', `${path}/participants`, { participant_ids: [carl.id] }),
        await who.rest('PATCH', path, { metadata: { name: 'x' } }),
        await who.rest('PATCH', `${path}/participants/${other.id}`, { participant_role: 'moderator' }),
      ]
      for (const answer of answers) expect(answer.verdict).toBe('403 FORBIDDEN')
    }
    expect(await ann.conversation(conversation.id)).toEqual(conversation)
    expect(await ann.history(conversation)).toEqual([])
  })
})

describe('the list', () => {
  test('is ordered by newest activity and shows only what the caller takes part in', async () => {
    const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
    const withBob = await ann.create({ participant_ids: [bob.id] })
    const withCarl = await ann.create({ participant_ids: [carl.id] })
    await bob.create({ participant_ids: [carl.id] })
    expect(await idsOf(ann)).toEqual([withCarl.id, withBob.id])
    await bob.send(withBob, 'hi')
    expect(await idsOf(ann)).toEqual([withBob.id, withCarl.id])
    await ann.send(withCarl, 'hello')
    expect(await idsOf(ann)).toEqual([withCarl.id, withBob.id])
  })

  test('can be of one type', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const byType: Record<string, string> = {}
    for (const type of ['direct', 'group', 'channel']) byType[type] = (await ann.create({ type, participant_ids: [bob.id] })).id
    for (const [type, id] of Object.entries(byType)) expect(await idsOf(ann, `?type=${type}`)).toEqual([id])
    expect((await ann.rest('GET', `${list}?type=other`)).paths).toEqual(['type'])
  })

  test('shows the newest message that is not deleted, and last_message_at never goes back', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const first = await ann.send(conversation, 'first')
    const second = await bob.send(conversation, 'second')
    const seen = async () => {
      const [listed] = await ann.conversations()
      expect(await ann.conversation(conversation.id)).toEqual(listed)
      return [listed?.last_message?.id ?? null, listed?.last_message_at]
    }
    expect(await seen()).toEqual([second.id, second.created_at])
    await bob.rest('DELETE', `/api/v1/chat/messages/${second.id}`)
    expect(await seen()).toEqual([first.id, second.created_at])
    await ann.rest('DELETE', `/api/v1/chat/messages/${first.id}`)
    expect(await seen()).toEqual([null, second.created_at])
  })

  test('last_message_at never goes back although clocks do', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    await world.database.query("update conversations set last_message_at = '2100-01-01T00:00:00Z' where id = $1", [conversation.id])
    const sent = await ann.send(conversation, 'hi')
    expect((await bob.conversation(conversation.id)).last_message_at).toBe('2100-01-01T00:00:00.000Z')
    expect(sent.created_at).toBe('2100-01-01T00:00:00.000Z')
  })

  test("counts as unread the others' messages that are neither read nor deleted nor of the system", async () => {
    const [ann, bob, carl] = await world.people('Ann', 'Bob', 'Carl')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const unread = async (who: Person) => [(await who.conversation(group.id)).unread_count, (await who.conversations())[0]?.unread_count]
    const sent: Message[] = []
    for (const text of ['1', '2', '3']) sent.push(await ann.send(group, text))
    await bob.send(group, 'mine')
    await ann.rest('PATCH', `${list}/${group.id}`, { metadata: { name: 'told by the system' } })
    expect(await unread(bob)).toEqual([3, 3])
    expect(await unread(ann)).toEqual([1, 1])
    await bob.rest('POST', `${list}/${group.id}/read`, { message_ids: [sent[1]?.id] })
    expect(await unread(bob)).toEqual([2, 2])
    await ann.rest('DELETE', `/api/v1/chat/messages/${sent[0]?.id}`)
    expect(await unread(bob)).toEqual([1, 1])
    await ann.rest('POST', `${list}/${group.id}/participants`, { participant_ids: [carl.id] })
    expect(await unread(carl)).toEqual([0, 0])
    await ann.send(group, 'after Carl came')
    expect([await unread(carl), await unread(bob)]).toEqual([
      [1, 1],
      [2, 2],
    ])
  })

  test('of somebody new is empty: no pages, no cursor', async () => {
    const ann = await world.person('Ann')
    const { data } = await ann.rest('GET', list)
    expect(data).toEqual({ conversations: [], pagination: { page: 1, limit: 20, total: 0, pages: 0, next_cursor: null } })
  })
})

describe('pages of the list', () => {
  let ann: Person
  let ids: string[]
  beforeAll(async () => {
    ann = await world.person('Ann')
    const people = await world.crowd(23)
    ids = []
    for (const id of people) ids.unshift((await ann.create({ participant_ids: [id] })).id)
  })

  const page = async (query: string) => {
    const { data } = await ann.rest<{ conversations: Conversation[]; pagination: Record<string, unknown> }>('GET', `${list}${query}`)
    return { ids: data.conversations.map(({ id }) => id), pagination: data.pagination }
  }

  test('have 20 unless told otherwise, and say how many there are', async () => {
    const first = await page('')
    expect(first.ids).toEqual(ids.slice(0, 20))
    expect(first.pagination).toEqual({ page: 1, limit: 20, total: 23, pages: 2, next_cursor: expect.any(String) as unknown })
    const second = await page('?page=2')
    expect(second.ids).toEqual(ids.slice(20))
    expect(second.pagination).toEqual({ page: 2, limit: 20, total: 23, pages: 2, next_cursor: null })
  })

  test('past the end are empty', async () => {
    for (const number of [3, 1_000_000]) {
      const past = await page(`?page=${number}`)
      expect(past).toEqual({ ids: [], pagination: { page: number, limit: 20, total: 23, pages: 2, next_cursor: null } })
    }
  })

  test('continue by cursor, from any page, to everything exactly once', async () => {
    let { ids: found, pagination } = await page('?limit=5')
    while (typeof pagination.next_cursor === 'string') {
      const next = await page(`?limit=5&cursor=${encodeURIComponent(pagination.next_cursor)}`)
      expect(next.pagination).toMatchObject({ page: null, limit: 5, total: 23, pages: 5 })
      found = [...found, ...next.ids]
      pagination = next.pagination
    }
    expect(found).toEqual(ids)
    const { pagination: third } = await page('?limit=5&page=3')
    expect((await page(`?limit=5&cursor=${String(third.next_cursor)}`)).ids).toEqual(ids.slice(15, 20))
  })

  test('that end exactly with the list have no cursor', async () => {
    expect((await page('?limit=23')).pagination).toMatchObject({ pages: 1, next_cursor: null })
    expect((await page('?limit=22')).pagination).toMatchObject({ pages: 2, next_cursor: expect.any(String) as unknown })
  })

  test('of one type continue by cursor within it', async () => {
    const { pagination } = await page('?type=direct&limit=20')
    expect((await page(`?type=direct&cursor=${String(pagination.next_cursor)}`)).ids).toEqual(ids.slice(20))
    expect((await page('?type=group')).pagination).toMatchObject({ total: 0, pages: 0 })
  })

  test.each([
    ...['page=0', 'page=-1', 'page=1000001', 'page=1.5', 'page=x', 'page=', 'page=1e3', 'page=0x10', 'page=%201', 'page=1&page=2'],
    ...['limit=0', 'limit=51', 'limit=-1', 'limit=2.5', 'limit=x', 'limit=NaN', 'limit=Infinity', 'limit=99999999999999999999'],
    ...['cursor=', 'cursor=x', `cursor=${'a'.repeat(300)}`, 'cursor=%00', `cursor=${Buffer.from('9 nothing').toString('base64url')}`],
  ])('are refused for %s', async (query) => {
    const answer = await ann.rest('GET', `${list}?${query}`)
    expect(answer.verdict).toBe('400 VALIDATION_ERROR')
    expect(answer.paths).toEqual([query.split('=')[0]])
  })
})

test('the number of conversations on a page is a setting', async () => {
  const small = await startWorld({ gateways: 0, env: { CHAT_CONVERSATION_PAGE_SIZE: '2', CHAT_MESSAGE_PAGE_SIZE: '3' } })
  try {
    const ann = await small.person('Ann')
    const created = []
    for (const id of await small.crowd(3)) created.push(await ann.create({ participant_ids: [id] }))
    expect(await ann.conversations()).toHaveLength(2)
    for (const text of ['1', '2', '3', '4']) await ann.send(created[0] ?? { id: '' }, text)
    expect(await ann.history(created[0] ?? { id: '' })).toHaveLength(3)
  } finally {
    await small.close()
  }
})

const idsOf = async (who: Person, query = '') => (await who.conversations(query)).map(({ id }) => id)
const rolesOf = (of: Conversation) => Object.fromEntries(of.participants.map((one) => [one.id, one.participant_role]))
