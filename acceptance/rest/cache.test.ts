import type { Conversation, Message } from '@viatra-chat/contract'
import { countQueries, eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// An acknowledged write is visible to every read that starts after it, whatever is cached and whichever instance answers.

const chat = '/api/v1/chat'
const listKey = (who: Person, page = 1, limit = 20, type = 'all') => `chat:conversation:${who.id}:${page}:${limit}:${type}`
const historyKey = (of: { id: string }, page = 1, limit = 50) => `chat:messages:${of.id}:${page}:${limit}`

describe('with the cache', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ apis: 2 })
  })
  afterAll(() => world.close())

  /** Writes go to one instance, the read that follows to the other. */
  const via = (n: number) => ({ api: n % 2 })

  test('pages are kept under the keys and for the times of the contract', async () => {
    const { ann, conversation } = await world.twoPeople()
    await ann.send(conversation, 'hi')
    await Promise.all([
      ann.conversations(),
      ann.conversations('?page=2&limit=5&type=direct'),
      ann.history(conversation),
      ann.history(conversation, '?page=3&limit=7'),
    ])
    const keys: [string, number][] = [
      [listKey(ann), 600],
      [listKey(ann, 2, 5, 'direct'), 600],
      [historyKey(conversation), 300],
      [historyKey(conversation, 3, 7), 300],
    ]
    for (const [key, seconds] of keys) {
      const left = await eventually(async () => {
        const ttl = await world.redis.ttl(key)
        expect(ttl, key).toBeGreaterThan(0)
        return ttl
      })
      expect(left, key).toBeLessThanOrEqual(seconds)
      expect(left, key).toBeGreaterThan(seconds - 30)
    }
  })

  test('pages do come from it: what is changed there is shown, until the next write', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    await ann.send(conversation, 'genuine')
    const reads: [string, () => Promise<unknown>][] = [
      [listKey(bob), () => bob.conversations('', via(1))],
      [historyKey(conversation), () => bob.history(conversation, '', via(1))],
    ]
    for (const [key, read] of reads) {
      await read()
      const entry = await eventually(async () => {
        const text = await world.redis.get(key)
        if (text === null) throw new Error(`${key} is not there`)
        return text
      })
      await world.redis.set(key, entry.replace('genuine', 'doctored'))
      expect(JSON.stringify(await read())).toContain('doctored')
    }
    await ann.send(conversation, 'genuine too')
    for (const [, read] of reads) expect(JSON.stringify(await read())).not.toContain('doctored')
  })

  test('a page that is cached asks the database less', async () => {
    const { ann, conversation } = await world.twoPeople()
    await ann.send(conversation, 'hi')
    for (const read of [() => ann.conversations(), () => ann.history(conversation)]) {
      const count = () => countQueries(read, { except: /"is_active" from "users"/ })
      const first = await count()
      await eventually(async () => expect(await count()).toBeLessThan(first))
    }
  })

  test.each<[string, (redis: World['redis'], key: string, entry: string) => Promise<unknown>]>([
    ['is no JSON', (redis, key) => redis.set(key, 'garbage')],
    ['is empty', (redis, key) => redis.set(key, '')],
    ['is cut', (redis, key, entry) => redis.set(key, entry.slice(0, entry.length / 2))],
    ['has lost its end', (redis, key, entry) => redis.set(key, entry.slice(0, -1))],
    ['is of an earlier form', (redis, key, entry) => redis.set(key, `${entry.split('}')[0]},"body":[]}`)],
    ['is null', (redis, key) => redis.set(key, 'null')],
    ['is a number', (redis, key) => redis.set(key, '1')],
    ['is a list', (redis, key) => redis.set(key, '[]')],
    ['is an object of others', (redis, key) => redis.set(key, '{"success":true,"data":[]}')],
    [
      'is of another version',
      (redis, key, entry) => redis.set(key, entry.replace(/"version":"[^"]*"/, '"version":"0.0"').replace('genuine', 'stale')),
    ],
    ['is bytes', (redis, key) => redis.set(key, Buffer.from([0, 255, 254, 1]))],
    ['is of another kind', (redis, key) => redis.del(key).then(() => redis.hset(key, 'a', 'b'))],
  ])('an entry that %s is a miss', async (_what, spoil) => {
    const { ann, conversation } = await world.twoPeople()
    await ann.send(conversation, 'genuine')
    for (const [key, read] of [
      [listKey(ann), () => ann.conversations()],
      [historyKey(conversation), () => ann.history(conversation)],
    ] as const) {
      const before = await read()
      const entry = await eventually(async () => {
        const text = await world.redis.get(key)
        if (text === null) throw new Error(`${key} is not there`)
        return text
      })
      await spoil(world.redis, key, entry)
      expect(await read()).toEqual(before)
    }
  })

  test('a list shows a conversation as it is by itself, kept or not, whatever is written in it', async () => {
    const [ann, bob] = await world.people('Zoë “Quotes” \\ "Ω"', '名前 👩‍⚕️')
    const odd = { is_online: 'no', participants: [{ id: ann.id, last_seen: null }], text: '"},{"id":"' }
    const group = await ann.create({ type: 'group', participant_ids: [bob.id], metadata: odd })
    await bob.send(group, '{"id":"\\u0000","is_online":true}\n\u2028 ☤ 🩺', { metadata: odd })
    await ann.create({ participant_ids: [bob.id] })
    const connection = await bob.connect()
    for (let i = 0; i < 3; i++) {
      const listed = await ann.conversations('', via(i))
      expect(listed).toHaveLength(2)
      for (const conversation of listed) expect(conversation).toEqual(await ann.conversation(conversation.id))
      expect(listed.every(({ participants }) => participants.some(({ id, is_online }) => id === bob.id && is_online))).toBe(true)
      await eventually(async () => expect(await world.redis.exists(listKey(ann))).toBe(1))
    }
    connection.close()
  })

  const changes: [what: string, change: (at: Setting) => Promise<unknown>, shows: (seen: Seen, at: Setting) => void][] = [
    [
      'a message',
      ({ ann, group }) => ann.send(group, 'new', {}, via(0)),
      ({ history, listed }) => {
        expect(history[0]?.content).toBe('new')
        expect(listed).toMatchObject({ last_message: { content: 'new' }, unread_count: 3 })
      },
    ],
    [
      'a deletion',
      ({ ann, second }) => ann.rest('DELETE', `${chat}/messages/${second.id}`),
      ({ history, listed }, { first }) => {
        expect(history[0]?.id).toBe(first.id)
        expect(listed).toMatchObject({ last_message: { id: first.id }, unread_count: 1 })
      },
    ],
    [
      'a deleted parent',
      ({ ann, first }) => ann.rest('DELETE', `${chat}/messages/${first.id}`),
      ({ history }) => {
        expect(history[0]?.parent).toMatchObject({ is_deleted: true, content: null })
      },
    ],
    [
      'a read mark of the reader',
      ({ bob, group, second }) => bob.rest('POST', `${chat}/conversations/${group.id}/read`, { message_ids: [second.id] }),
      ({ history, listed }, { ann, bob }) => {
        expect(history[0]?.read_by).toEqual([ann.id, bob.id])
        expect(listed).toMatchObject({ unread_count: 1, last_message: { read_by: [ann.id, bob.id] } })
      },
    ],
    [
      'a read mark of somebody else',
      ({ carl, group, second }) => carl.rest('POST', `${chat}/conversations/${group.id}/read`, { message_ids: [second.id] }),
      ({ history, listed }, { ann, carl }) => {
        expect(history[0]?.read_by).toEqual([ann.id, carl.id])
        expect(listed?.last_message?.read_by).toEqual([ann.id, carl.id])
      },
    ],
    [
      'a delivery',
      ({ carl, group, second }) => carl.rest('POST', `${chat}/conversations/${group.id}/delivered`, { message_ids: [second.id] }),
      ({ history, listed }, { ann, carl }) => {
        expect(history[0]?.delivered_to).toEqual([ann.id, carl.id])
        expect(listed?.last_message?.delivered_to).toEqual([ann.id, carl.id])
      },
    ],
    [
      'metadata',
      ({ ann, group }) => ann.rest('PATCH', `${chat}/conversations/${group.id}`, { metadata: { name: 'Renamed' } }),
      ({ history, listed }) => {
        expect(history[0]?.message_type).toBe('system')
        expect(listed?.metadata).toEqual({ name: 'Renamed' })
      },
    ],
    [
      'a new participant',
      ({ ann, dora, group }) => ann.rest('POST', `${chat}/conversations/${group.id}/participants`, { participant_ids: [dora.id] }),
      ({ listed }, { dora }) => {
        expect(listed?.participant_ids).toContain(dora.id)
        expect(listed?.participant_count).toBe(4)
      },
    ],
    [
      'a removed participant',
      ({ ann, carl, group }) => ann.rest('DELETE', `${chat}/conversations/${group.id}/participants/${carl.id}`),
      ({ listed }, { carl }) => {
        expect(listed?.participant_ids).not.toContain(carl.id)
      },
    ],
    [
      'a role',
      ({ ann, carl, group }) =>
        ann.rest('PATCH', `${chat}/conversations/${group.id}/participants/${carl.id}`, { participant_role: 'moderator' }),
      ({ listed }, { carl }) => {
        expect(listed?.participants.find(({ id }) => id === carl.id)?.participant_role).toBe('moderator')
      },
    ],
    [
      'a new conversation',
      ({ ann, bob }) => ann.create({ participant_ids: [bob.id] }),
      ({ list }) => {
        expect(list.map(({ type }) => type)).toEqual(['direct', 'group'])
      },
    ],
    [
      'being removed',
      ({ ann, bob, group }) => ann.rest('DELETE', `${chat}/conversations/${group.id}/participants/${bob.id}`),
      ({ list, verdict }) => {
        expect([list, verdict]).toEqual([[], '403 NOT_A_PARTICIPANT'])
      },
    ],
  ]

  type Setting = Awaited<ReturnType<typeof setting>>
  async function setting() {
    const [ann, bob, carl, dora] = await world.people('Ann', 'Bob', 'Carl', 'Dora')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, carl.id] })
    const first = await ann.send(group, 'first')
    const second = await ann.send(group, 'second', { parent_message_id: first.id })
    return { ann, bob, carl, dora, group, first, second }
  }
  type Seen = Awaited<ReturnType<typeof look>>
  async function look({ bob, group }: Setting, api: number) {
    const [list, history] = await Promise.all([
      bob.conversations('', { api }),
      bob.rest<{ messages: Message[] }>('GET', `${chat}/conversations/${group.id}/messages`, undefined, { api }),
    ])
    return { list, listed: list.find(({ id }) => id === group.id), history: history.body.data?.messages ?? [], verdict: history.verdict }
  }

  test.each(changes)('shows %s at once on every instance', async (_what, change, shows) => {
    const at = await setting()
    for (const api of [0, 1, 0, 1]) await look(at, api)
    await change(at)
    for (const api of [1, 0, 1]) shows(await look(at, api), at)
  })

  test('shows every acknowledged write to the reads after it, under many writers and readers at once', async () => {
    const owner = await world.person('Olga')
    const writers = await world.people('A', 'B', 'C', 'D')
    const group = await owner.create({ type: 'group', participant_ids: writers.map(({ id }) => id) })
    await Promise.all(writers.map((who, n) => hammer(who, n)))

    async function hammer(who: Person, n: number) {
      for (let round = 0; round < 7; round++) {
        const write = (path: string, body?: object, method = 'POST') => who.rest(method, `${chat}${path}`, body, via(n + round))
        const sent = await who.send(group, `${who.name} ${round}`, {}, via(n + round))
        const shown = await everywhere(who, group, n + round + 1)
        expect(shown.history.find(({ id }) => id === sent.id)?.seq, 'a sent message').toBe(sent.seq)
        expect(shown.listed?.last_message?.seq, 'the newest message').toBeGreaterThanOrEqual(sent.seq)
        const others = shown.history.filter(({ sender_id }) => sender_id !== who.id).map(({ id }) => id)
        if (others.length > 0) {
          await write(`/conversations/${group.id}/read`, { message_ids: others.slice(0, 100) })
          const read = await everywhere(who, group, n + round + 1)
          for (const message of read.history.filter(({ id }) => others.includes(id)))
            expect(message.read_by, 'a read mark').toContain(who.id)
        }
        await write(`/messages/${sent.id}`, undefined, 'DELETE')
        const gone = await everywhere(who, group, n + round + 1)
        expect(
          gone.history.map(({ id }) => id),
          'a deletion',
        ).not.toContain(sent.id)
        expect(gone.listed?.last_message?.id, 'the newest message').not.toBe(sent.id)
      }
    }

    async function everywhere(who: Person, of: Conversation, n: number) {
      const [list, history] = await Promise.all([who.conversations('', via(n)), who.history(of, '?limit=100', via(n))])
      return { listed: list[0], history }
    }
  })
})

describe('without the cache', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ gateways: 0, env: { CHAT_CACHE: 'off' } })
  })
  afterAll(() => world.close())

  test('everything works the same and nothing is kept', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'hi')
    for (let i = 0; i < 2; i++) {
      expect(await bob.history(conversation)).toEqual([message])
      expect((await bob.conversations())[0]).toMatchObject({ unread_count: 1, last_message: message })
    }
    await ann.rest('DELETE', `${chat}/messages/${message.id}`)
    expect(await bob.history(conversation)).toEqual([])
    expect(await world.redis.keys('chat:conversation:*')).toEqual([])
    expect(await world.redis.keys('chat:messages:*')).toEqual([])
  })
})
