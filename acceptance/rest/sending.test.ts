import type { Conversation, Message } from '@viatra-chat/contract'
import { eventually, newUserId, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
let ann: Person
let bob: Person
let conversation: Conversation
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 0 })
  ;({ ann, bob, conversation } = await world.twoPeople())
})
afterAll(() => world.close())

const messages = (of: { id: string }) => `/api/v1/chat/conversations/${of.id}/messages`
const send = (
  body: unknown,
  {
    who = ann,
    to = conversation,
    headers = {},
    api = 0,
  }: { who?: Person; to?: { id: string }; headers?: Record<string, string>; api?: number } = {},
) => who.rest<Message>('POST', messages(to), body, { headers, api })

describe('content', () => {
  test.each<[string, string]>([
    ['white space around and between', '  two\n\n\tlines \r\n '],
    ['markup', '<script>alert(1)</script> &amp; <b>'],
    ['quotes and slashes', `'; drop table messages; -- " \\ \\u0000 %00 \${x} {{y}}`],
    ['right to left, with marks', 'שלום \u202e abc \u202c مرحبا'],
    ['emoji of many parts', '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 ❤️'],
    ['combining marks that are not normalised', 'e\u0301 \u00e9 \u1e9b\u0323 \ufb01'],
    ['stacked marks', `Z${'\u0351\u036b\u0343'.repeat(50)}`],
    ['rare planes and private use', '𝒳 𠜎 \u{10ffff} \ue000 \uffff \ufdd0'],
    ['control characters but NUL', '\u0001\u0007\b\f\u001b[31m\u007f\u0085x'],
    ['line separators', 'a\u2028b\u2029c\u000bd'],
    ['a byte order mark', '\ufeffx'],
    ['zero width beside something', '\u200bx\u200b'],
    ['a number', '0'],
    ['JSON', '{"success":false}'],
    ['null as text', 'null'],
  ])('is kept verbatim: %s', async (_what, content) => {
    const { data } = await send({ content })
    expect(data.content).toBe(content)
    const [read] = await bob.history(conversation, '?limit=1')
    expect(read).toEqual(data)
  })

  test('of a text has at most 5,000 characters, counted in code points', async () => {
    for (const longest of ['a'.repeat(5000), '😀'.repeat(5000), 'я'.repeat(5000)])
      expect((await send({ content: longest })).data.content).toBe(longest)
    for (const tooLong of ['a'.repeat(5001), '😀'.repeat(5001), `${' '.repeat(5000)}x`]) {
      const answer = await send({ content: tooLong })
      expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', ['content']])
    }
    expect((await send({ message_type: 'file', metadata: { a: 1 }, content: 'a'.repeat(5001) })).paths).toEqual(['content'])
  })

  test.each([undefined, null, '', ' ', '\n\t\r\n', '\u00a0\u3000\u2003', '\u200b\u200c\u200d\u2060\ufeff', ' \u200b ', '\u00ad'])(
    'of a text is required and not blank: %j',
    async (content) => {
      const answer = await send({ content })
      expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', ['content']])
    },
  )

  test.each([1, true, [], {}, ['x']])('is text and nothing else: %j', async (content) => {
    expect((await send({ content })).paths).toEqual(['content'])
  })

  test.each(['"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"x\\ud83d"'])(
    'holds neither NUL nor half a surrogate pair: %s',
    async (content) => {
      expect((await send(`{"content":${content}}`)).paths).toEqual(['content'])
    },
  )

  test('may be longer or shorter where the setting says so', async () => {
    const small = await startWorld({ gateways: 0, env: { CHAT_MESSAGE_MAX_LENGTH: '3' } })
    try {
      const two = await small.twoPeople()
      expect((await two.ann.send(two.conversation, '👍👍👍')).content).toBe('👍👍👍')
      expect((await two.ann.rest('POST', messages(two.conversation), { content: 'abcd' })).paths).toEqual(['content'])
    } finally {
      await small.close()
    }
  })
})

describe('types', () => {
  test('are text unless told otherwise', async () => {
    expect((await send({ content: 'x' })).data.message_type).toBe('text')
    for (const message_type of ['text', 'image', 'file'])
      expect((await send({ message_type, content: 'x' })).data.message_type).toBe(message_type)
  })

  test.each(['image', 'file'])('%s needs content or metadata', async (message_type) => {
    const metadata = { attachment_url: 'https://cdn.example.org/1', file_name: '1.pdf', file_size: 10 }
    expect((await send({ message_type, metadata })).data).toMatchObject({ content: null, metadata })
    expect((await send({ message_type, content: 'https://cdn.example.org/1' })).data.metadata).toEqual({})
    for (const missing of [{}, { metadata: {} }, { metadata: null, content: null }, { content: ' ' }, { content: '\u200b', metadata: {} }])
      expect((await send({ message_type, ...missing })).verdict, JSON.stringify(missing)).toBe('400 VALIDATION_ERROR')
  })

  test.each(['', 'Text', 'audio', 'TEXT', 1, ['text'], {}])('that are unknown are refused: %j', async (message_type) => {
    const answer = await send({ message_type, content: 'x' })
    expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', ['message_type']])
  })

  test('system is for administrators alone, in the token and in the database', async () => {
    const root = await world.person('Root', { role: 'admin' })
    const former = await world.person('Former', { role: 'admin' })
    await world.database.query("update users set role = 'patient' where id = $1", [former.id])
    const group = await ann.create({ type: 'group', participant_ids: [root.id, former.id] })
    for (const who of [ann, former])
      expect((await send({ message_type: 'system', content: 'x' }, { who, to: group })).verdict).toBe('403 FORBIDDEN')
    const sent = await send({ message_type: 'system', content: 'Maintenance tonight' }, { who: root, to: group })
    expect(sent.data).toMatchObject({ message_type: 'system', sender_id: root.id })
    expect((await ann.conversation(group.id)).unread_count).toBe(0)
  })
})

describe('a reply', () => {
  test('quotes the first 200 code points of its parent, nothing appended', async () => {
    for (const content of ['short', 'a'.repeat(201), '😀'.repeat(250), `${'a'.repeat(199)}😀b`]) {
      const parent = (await send({ content })).data
      const quoted = [...content].slice(0, 200).join('')
      const reply = (await send({ content: 'yes', parent_message_id: parent.id }, { who: bob })).data
      expect(reply.parent).toEqual({
        id: parent.id,
        seq: parent.seq,
        sender_id: ann.id,
        message_type: 'text',
        content: quoted,
        is_deleted: false,
      })
      expect((await ann.history(conversation, '?limit=1'))[0]).toEqual(reply)
    }
  })

  test('to something without text quotes none', async () => {
    const parent = (await send({ message_type: 'image', metadata: { attachment_url: 'u' } })).data
    const reply = (await send({ content: 'nice', parent_message_id: parent.id })).data
    expect(reply.parent).toMatchObject({ message_type: 'image', content: null, is_deleted: false })
  })

  test('to a deleted message is possible and quotes nothing of it; earlier quotes lose their text', async () => {
    const parent = (await send({ content: 'regret' })).data
    const before = (await send({ content: 'before', parent_message_id: parent.id })).data
    await ann.rest('DELETE', `/api/v1/chat/messages/${parent.id}`)
    const after = (await send({ content: 'after', parent_message_id: parent.id })).data
    expect(after.parent).toEqual({
      id: parent.id,
      seq: parent.seq,
      sender_id: ann.id,
      message_type: 'text',
      content: null,
      is_deleted: true,
    })
    const [newest, older] = await bob.history(conversation, '?limit=2')
    expect([newest?.parent, older?.parent]).toEqual([after.parent, after.parent])
    expect(older?.id).toBe(before.id)
  })

  test('needs a parent of this conversation', async () => {
    const other = await world.twoPeople()
    const elsewhere = await other.ann.send(other.conversation, 'x')
    const ours = await ann.create({ type: 'channel' })
    const alsoMine = await ann.send(ours, 'x')
    for (const id of [elsewhere.id, alsoMine.id, newUserId()])
      expect((await send({ content: 'x', parent_message_id: id })).verdict).toBe('404 MESSAGE_NOT_FOUND')
    for (const id of ['x', 1, {}, '']) expect((await send({ content: 'x', parent_message_id: id })).paths).toEqual(['parent_message_id'])
    expect((await send({ content: 'x', parent_message_id: null })).data.parent).toBe(null)
  })
})

describe('what a client writes', () => {
  test('may be spelled in snake_case or camelCase', async () => {
    const [dora, emil] = await world.people('Dora', 'Emil')
    const created = (await dora.rest<Conversation>('POST', '/api/v1/chat/conversations', { type: 'group', participantIds: [emil.id] })).data
    expect(created.participant_count).toBe(2)
    const first = await dora.send(created, 'first')
    const body = { messageType: 'image', content: 'x', parentMessageId: first.id, clientMessageId: 'c', metadata: {} }
    const sent = (await send(body, { who: dora, to: created })).data
    expect(sent).toMatchObject({ message_type: 'image', parent_message_id: first.id, client_message_id: 'c' })
    const path = `/api/v1/chat/conversations/${created.id}`
    expect((await emil.rest('POST', `${path}/delivered`, { messageIds: [first.id] })).data).toEqual({ message_ids: [first.id] })
    expect((await emil.rest('POST', `${path}/read`, { messageIds: [first.id] })).data.message_ids).toEqual([first.id])
    expect((await dora.rest('POST', `${path}/participants`, { participantIds: [ann.id] })).verdict).toBe('200')
    expect((await dora.rest('PATCH', `${path}/participants/${ann.id}`, { participantRole: 'moderator' })).verdict).toBe('200')
    expect((await dora.rest<{ presence: unknown[] }>('GET', `/api/v1/chat/presence?userIds=${emil.id}`)).data.presence).toHaveLength(1)
    for (const key of ['fcm_token', 'fcmToken', 'token'])
      expect((await dora.rest('POST', '/api/v1/auth/fcm-token', { [key]: `t-${key}` })).verdict).toBe('200')
  })

  test('is named as the contract spells it when it is wrong, however it was spelled', async () => {
    expect((await send({ messageType: 'x', content: 'x', parentMessageId: 'y' })).paths.sort()).toEqual([
      'message_type',
      'parent_message_id',
    ])
    const read = await ann.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { messageIds: [newUserId(), 'x'] })
    expect(read.paths).toEqual(['message_ids.1'])
  })

  test('counts as absent where it is null', async () => {
    const { data } = await send({ message_type: null, content: 'x', parent_message_id: null, metadata: null, client_message_id: null })
    expect(data).toMatchObject({ message_type: 'text', parent_message_id: null, metadata: {}, client_message_id: null })
    expect((await send({ messageType: 'image', message_type: null, content: 'x' })).data.message_type).toBe('image')
  })

  test('but is not known is ignored and never stored', async () => {
    const extra = {
      id: newUserId(),
      seq: 99,
      sender_id: bob.id,
      is_deleted: true,
      created_at: '2000-01-01T00:00:00.000Z',
      read_by: [bob.id],
      surprise: { a: 1 },
    }
    const { data } = await send({ content: 'x', ...extra })
    expect(data).toMatchObject({ sender_id: ann.id, is_deleted: false, read_by: [ann.id], metadata: {} })
    for (const [key, value] of Object.entries(extra)) expect(data).not.toHaveProperty(key, value === true ? true : value)
    expect(JSON.stringify(await ann.history(conversation, '?limit=1'))).not.toContain('surprise')
  })

  test('in the body cannot name another conversation than the path', async () => {
    const other = await world.twoPeople()
    const { data } = await send({ content: 'x', conversation_id: other.conversation.id, conversationId: other.conversation.id })
    expect(data.conversation_id).toBe(conversation.id)
  })

  test('is refused naming every field at once', async () => {
    const answer = await send({ message_type: 'x', content: 5, parent_message_id: 'y', metadata: { name: 1 }, client_message_id: '' })
    expect(answer.paths.sort()).toEqual(['client_message_id', 'content', 'message_type', 'metadata.name', 'parent_message_id'])
  })
})

describe('seq', () => {
  test('counts 1, 2, 3 … without gaps in the order of history, whoever sends at once on whichever instance', async () => {
    const talk = await world.twoPeople()
    const [carl] = await world.people('Carl')
    const group = await talk.ann.create({ type: 'group', participant_ids: [talk.bob.id, carl.id] })
    const senders = [talk.ann, talk.bob, carl]
    const sends = Array.from({ length: 60 }, (_, n) =>
      (senders[n % 3] ?? carl).send(group, `${n}`, n % 10 ? {} : { client_message_id: `c${n}` }, { api: n % 2 }),
    )
    // Refused ones between them take no number.
    const refused = Array.from({ length: 10 }, () => carl.rest('POST', messages(group), { content: 'x', parent_message_id: newUserId() }))
    const sent = await Promise.all(sends)
    await Promise.all(refused)
    expect(sent.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1))
    const history = await carl.history(group, '?limit=100')
    expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, n) => 60 - n))
    const times = history.map(({ created_at }) => created_at)
    expect(times).toEqual([...times].sort().reverse())
    const seqOf = new Map(sent.map(({ id, seq }) => [id, seq]))
    for (const { id, seq } of history) expect(seqOf.get(id)).toBe(seq)
  })
})

describe('a send that waits for its conversation', () => {
  const change = `update conversations set membership_version = membership_version + 1 where id = $1`
  const removalOfOthers = 'delete from conversation_members where conversation_id = $1 and user_id <> $2'

  /** Sends one message, and while it waits does something else and changes memberships. */
  async function sendWhile(who: Person, to: { id: string }, statement: string, meanwhile: () => Promise<unknown> = async () => undefined) {
    const session = await world.database.connect()
    try {
      await session.query('begin')
      await session.query(change, [to.id])
      const answer = send({ content: 'waited' }, { who, to })
      const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
      await eventually(async () => expect((await world.database.query(waiting)).rows).toHaveLength(1))
      await meanwhile()
      await session.query(statement, [to.id, who.id])
      await session.query('commit')
      return await answer
    } finally {
      session.release(true)
    }
  }

  describe.each([
    ['the first one of its author', 0],
    ['one of many', 2],
  ])('%s', (_which, before) => {
    async function talkWith() {
      const talk = await world.twoPeople()
      for (let n = 0; n < before; n++) await talk.ann.send(talk.conversation, 'before')
      return talk
    }

    test('is refused if its author is removed meanwhile, and takes no seq', async () => {
      const talk = await talkWith()
      const removal = 'delete from conversation_members where conversation_id = $1 and user_id = $2'
      expect((await sendWhile(talk.ann, talk.conversation, removal)).verdict).toBe('403 NOT_A_PARTICIPANT')
      expect((await talk.bob.send(talk.conversation, 'next')).seq).toBe(before + 1)
    })

    test('is stored once if others change meanwhile', async () => {
      const talk = await talkWith()
      expect((await sendWhile(talk.ann, talk.conversation, removalOfOthers)).data).toMatchObject({ seq: before + 1, content: 'waited' })
      expect((await talk.ann.send(talk.conversation, 'next')).seq).toBe(before + 2)
    })
  })

  test('is not overtaken by the next one of its author, however many others send meanwhile', async () => {
    const talk = await world.twoPeople()
    const crowd = await world.people(...Array.from({ length: 60 }, (_, n) => `Person ${n}`))
    const [first] = crowd
    if (!first) throw new Error('there is nobody')
    const elsewhere = await first.create({ type: 'group', participant_ids: crowd.slice(1).map(({ id }) => id) })
    const later: Promise<{ seq: number }>[] = []
    const sendMore = async () => {
      later.push(...[talk.ann, ...crowd].map((who) => who.send(who === talk.ann ? talk.conversation : elsewhere, 'later', {}, { api: 0 })))
      const counts = [...crowd, talk.ann].map(({ id }) => `chat:limit:send_message:${id}`)
      await eventually(async () => expect(await world.redis.mget(counts)).toEqual([...crowd.map(() => '1'), '2']))
    }
    expect((await sendWhile(talk.ann, talk.conversation, removalOfOthers, sendMore)).data.seq).toBe(1)
    expect((await Promise.all(later))[0]?.seq).toBe(2)
  })
})

describe('somebody who sends again and again', () => {
  const known = async (who: Person, to: { id: string }) => {
    for (let n = 0; n < 2; n++) await who.send(to, 'before', {}, { api: 0 })
  }

  test('is refused as soon as they are removed, over any instance, and takes no seq', async () => {
    const talk = await world.twoPeople()
    const group = await talk.ann.create({ type: 'group', participant_ids: [talk.bob.id] })
    await known(talk.bob, group)
    await talk.ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${talk.bob.id}`, undefined, { api: 1 })
    expect((await send({ content: 'x' }, { who: talk.bob, to: group })).verdict).toBe('403 NOT_A_PARTICIPANT')
    const [removal] = await talk.ann.history(group)
    expect((await talk.ann.send(group, 'next', {}, { api: 0 })).seq).toBe((removal?.seq ?? 0) + 1)
  })

  test('into a channel is refused as soon as they are no moderator any more', async () => {
    const talk = await world.twoPeople()
    const channel = await talk.ann.create({ type: 'channel', participant_ids: [talk.bob.id] })
    const giveRole = (role: string) =>
      talk.ann.rest('PATCH', `/api/v1/chat/conversations/${channel.id}/participants/${talk.bob.id}`, { participant_role: role }, { api: 1 })
    expect((await giveRole('moderator')).verdict).toBe('200')
    await known(talk.bob, channel)
    expect((await giveRole('member')).verdict).toBe('200')
    expect((await send({ content: 'x' }, { who: talk.bob, to: channel })).verdict).toBe('403 FORBIDDEN')
  })

  test('and tries a message again gets the first one, while what others send at once is stored once, with no seq left out', async () => {
    const talk = await world.twoPeople()
    for (const who of [talk.ann, talk.bob]) await known(who, talk.conversation)
    const first = { content: 'first', client_message_id: crypto.randomUUID() }
    const { data } = await send(first, { who: talk.ann, to: talk.conversation })
    const answers = await Promise.all([
      send(first, { who: talk.ann, to: talk.conversation }),
      send({ ...first, content: 'other' }, { who: talk.ann, to: talk.conversation }),
      ...Array.from({ length: 10 }, (_, n) =>
        send({ content: `${n}`, client_message_id: `${n}` }, { who: talk.bob, to: talk.conversation }),
      ),
    ])
    expect(answers.map(({ verdict }) => verdict)).toEqual(['200', '409 CONFLICT', ...Array.from({ length: 10 }, () => '201')])
    expect(answers[0]?.data).toEqual(data)
    const history = await talk.bob.history(talk.conversation, '?limit=100')
    expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: 15 }, (_, n) => 15 - n))
  })

  test('is shown by the name that they have now', async () => {
    const talk = await world.twoPeople()
    await known(talk.ann, talk.conversation)
    await world.database.query(`update users set first_name = 'Anna' where id = $1`, [talk.ann.id])
    expect((await talk.ann.send(talk.conversation, 'x', {}, { api: 0 })).sender.first_name).toBe('Anna')
  })

  test('is judged anew by a database that took over and knows less', async () => {
    const talk = await world.twoPeople()
    await known(talk.ann, talk.conversation)
    await world.database.query('delete from conversation_members where conversation_id = $1 and user_id = $2', [
      talk.conversation.id,
      talk.ann.id,
    ])
    await world.database.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    )
    expect((await send({ content: 'x' }, { who: talk.ann, to: talk.conversation })).verdict).toBe('403 NOT_A_PARTICIPANT')
  })

  test('and at once with others, into several conversations, takes no seq twice and leaves none out', async () => {
    const talk = await world.twoPeople()
    const [carl] = await world.people('Carl')
    const senders = [talk.ann, talk.bob, carl]
    const groups = await Promise.all([0, 1, 2].map(() => talk.ann.create({ type: 'group', participant_ids: [talk.bob.id, carl.id] })))
    for (const group of groups) for (const who of senders) await known(who, group)
    const sends = groups.flatMap((group) =>
      Array.from({ length: 30 }, (_, n) => (senders[n % 3] ?? carl).send(group, `${n}`, {}, { api: n % 2 })),
    )
    const sent = await Promise.all(sends)
    for (const group of groups) {
      const history = await carl.history(group, '?limit=100')
      expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: 36 }, (_, n) => 36 - n))
      for (const { id, seq, content } of sent.filter(({ conversation_id }) => conversation_id === group.id))
        expect(history).toContainEqual(expect.objectContaining({ id, seq, content }))
    }
  })
})

describe('a client_message_id', () => {
  const fresh = () => crypto.randomUUID()

  test('makes a retry return the first message, over any instance, at any time', async () => {
    const body = { content: 'once', client_message_id: fresh(), metadata: { b: 1, a: [1, { y: 2, x: 1 }] } }
    const first = await send(body)
    const reordered = { ...body, metadata: { a: [1, { x: 1, y: 2 }], b: 1 }, message_type: 'text' }
    const retries = [await send(body), await send(body, { api: 1 }), await send(reordered)]
    expect([first.verdict, ...retries.map(({ verdict }) => verdict)]).toEqual(['201', '200', '200', '200'])
    for (const { data } of retries) expect(data).toEqual(first.data)
    await send({ content: 'later' })
    await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [first.data.id] })
    expect((await send(body)).data).toEqual({ ...first.data, read_by: [ann.id, bob.id], delivered_to: [ann.id, bob.id] })
  })

  test('sent 20 times at once stores one message, and one answer is 201', async () => {
    const body = { content: 'at once', client_message_id: fresh() }
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => send(body, { api: n % 2 })))
    expect(answers.map(({ verdict }) => verdict).sort()).toEqual([...Array<string>(19).fill('200'), '201'])
    expect(new Set(answers.map(({ data }) => data.id)).size).toBe(1)
  })

  test('returns a tombstone once the message is deleted', async () => {
    const body = { content: 'gone', client_message_id: fresh(), metadata: { a: 1 } }
    const { data } = await send(body)
    await ann.rest('DELETE', `/api/v1/chat/messages/${data.id}`)
    const again = await send(body)
    expect(again.verdict).toBe('200')
    expect(again.data).toMatchObject({ id: data.id, seq: data.seq, is_deleted: true, content: null, metadata: {} })
  })

  test('used again with another body is a conflict', async () => {
    const parent = (await send({ content: 'parent' })).data
    const body = { content: 'one', client_message_id: fresh(), metadata: { a: 1 } }
    const { data } = await send(body)
    const others = [
      { content: 'two' },
      { message_type: 'image' },
      { metadata: {} },
      { metadata: { a: 2 } },
      { parent_message_id: parent.id },
    ]
    for (const other of others) expect((await send({ ...body, ...other })).verdict, JSON.stringify(other)).toBe('409 CONFLICT')
    expect((await ann.history(conversation, '?limit=1'))[0]).toEqual(data)
  })

  test('is of one sender and one conversation', async () => {
    const client_message_id = fresh()
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const answers = [
      await send({ content: 'a', client_message_id }),
      await send({ content: 'b', client_message_id }, { who: bob }),
      await send({ content: 'c', client_message_id }, { to: group }),
    ]
    expect(answers.map(({ verdict }) => verdict)).toEqual(['201', '201', '201'])
  })

  test('may be 1 to 64 characters of any kind', async () => {
    for (const id of ['x', `${fresh()}${'y'.repeat(28)}`, `😀${fresh()}`, `a b/c?${fresh()}`])
      expect((await send({ content: 'x', client_message_id: id })).data.client_message_id).toBe(id)
    for (const id of ['', 'x'.repeat(65), 5, {}, ['x'], 'a\u0000b']) {
      const answer = await send({ content: 'x', client_message_id: id })
      expect([answer.verdict, answer.paths], JSON.stringify(id)).toEqual(['400 VALIDATION_ERROR', ['client_message_id']])
    }
  })

  test('may come as the header Idempotency-Key, and both must agree', async () => {
    const key = fresh()
    const headers = { 'idempotency-key': key }
    const first = await send({ content: 'x' }, { headers })
    expect([first.verdict, first.data.client_message_id]).toEqual(['201', key])
    expect((await send({ content: 'x', client_message_id: key })).verdict).toBe('200')
    expect((await send({ content: 'x', clientMessageId: key }, { headers })).verdict).toBe('200')
    expect((await send({ content: 'y' }, { headers })).verdict).toBe('409 CONFLICT')
    const disagreeing = await send({ content: 'x', client_message_id: fresh() }, { headers })
    expect([disagreeing.verdict, disagreeing.paths]).toEqual(['400 VALIDATION_ERROR', ['client_message_id']])
    expect((await send({ content: 'x' }, { headers: { 'idempotency-key': 'x'.repeat(65) } })).paths).toEqual(['client_message_id'])
  })

  test('does not help somebody who may not send any more', async () => {
    const carl = await world.person('Carl')
    const group = await ann.create({ type: 'group', participant_ids: [carl.id] })
    const body = { content: 'x', client_message_id: fresh() }
    await send(body, { who: carl, to: group })
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${carl.id}`)
    expect((await send(body, { who: carl, to: group })).verdict).toBe('403 NOT_A_PARTICIPANT')
  })
})
