import type { Conversation, Message, Receipt } from '@viatra-chat/contract'
import { eventually, newUserId, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 0 })
})
afterAll(() => world.close())

type Kind = 'read' | 'delivered'
const mark = (who: Person, kind: Kind, at: { id: string }, message_ids: unknown, api = 0) =>
  who.rest<{ message_ids: string[]; unread_count?: number }>(
    'POST',
    `/api/v1/chat/conversations/${at.id}/${kind}`,
    { message_ids },
    { api },
  )
const receiptsOf = async (who: Person, { id }: { id: string }) =>
  (await who.rest<{ receipts: Receipt[] }>('GET', `/api/v1/chat/messages/${id}/receipts`)).data.receipts
const shown = async (who: Person, at: { id: string }, { id }: Message) => {
  const message = (await who.history(at)).find((one) => one.id === id)
  return { read_by: message?.read_by, delivered_to: message?.delivered_to }
}

/** Ann's group with three others, ordered by id, and her message. */
async function groupOfFour() {
  const ann = await world.person('Ann')
  const others = await world.people('Bob', 'Carl', 'Dora')
  const [low, middle, high] = [...others].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (!low || !middle || !high) throw new Error('three people were made')
  const group = await ann.create({ type: 'group', participant_ids: others.map(({ id }) => id) })
  return { ann, low, middle, high, group, message: await ann.send(group, 'hi') }
}

describe('marking', () => {
  test('is refused to somebody who is removed while it waits: what was not stored is not acknowledged', async () => {
    const { ann, low, group, message } = await groupOfFour()
    const session = await world.database.connect()
    await session.query('begin')
    const removal = 'delete from conversation_members where conversation_id = $1 and user_id = $2'
    await session.query(removal, [group.id, low.id])
    const marking = Promise.all((['read', 'delivered'] as const).map((kind) => mark(low, kind, group, [message.id])))
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    // From outside the transaction: within one, PostgreSQL shows the activity as it was at the first look.
    await eventually(async () => expect((await world.database.query(waiting)).rowCount).toBe(2))
    await session.query('commit')
    session.release()
    expect((await marking).map(({ verdict }) => verdict)).toEqual(['403 NOT_A_PARTICIPANT', '403 NOT_A_PARTICIPANT'])
    expect((await shown(ann, group, message)).read_by).toEqual([ann.id])
  })

  test('read implies delivered, delivered does not imply read', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [first, second] = [await ann.send(conversation, '1'), await ann.send(conversation, '2')]
    expect((await mark(bob, 'read', conversation, [first.id])).data).toEqual({ message_ids: [first.id], unread_count: 1 })
    expect((await mark(bob, 'delivered', conversation, [second.id])).data).toEqual({ message_ids: [second.id] })
    expect(await shown(ann, conversation, first)).toEqual({ read_by: [ann.id, bob.id], delivered_to: [ann.id, bob.id] })
    expect(await shown(ann, conversation, second)).toEqual({ read_by: [ann.id], delivered_to: [ann.id, bob.id] })
    expect((await mark(bob, 'delivered', conversation, [first.id])).data.message_ids).toEqual([])
    expect((await mark(bob, 'read', conversation, [second.id])).data).toEqual({ message_ids: [second.id], unread_count: 0 })
  })

  test('answers those newly marked; repeating is harmless', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const sent = [await ann.send(conversation, '1'), await ann.send(conversation, '2'), await ann.send(conversation, '3')]
    const ids = sent.map(({ id }) => id)
    expect((await mark(bob, 'read', conversation, [ids[1]])).data.message_ids).toEqual([ids[1]])
    expect((await mark(bob, 'read', conversation, ids)).data.message_ids.sort()).toEqual([ids[0], ids[2]].sort())
    expect((await mark(bob, 'read', conversation, [...ids, ...ids])).data).toEqual({ message_ids: [], unread_count: 0 })
    const before = await receiptsOf(ann, sent[0] as Message)
    await mark(bob, 'read', conversation, ids)
    await mark(bob, 'delivered', conversation, ids)
    expect(await receiptsOf(ann, sent[0] as Message)).toEqual(before)
  })

  test('the same messages from many devices at once answers each of them once', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const ids: string[] = []
    for (let n = 0; n < 10; n++) ids.push((await ann.send(conversation, `${n}`)).id)
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => mark(bob, n % 3 ? 'read' : 'delivered', conversation, ids, n % 2)),
    )
    const newly = (kind: Kind) => answers.filter((_, n) => (n % 3 ? 'read' : 'delivered') === kind).flatMap(({ data }) => data.message_ids)
    expect(newly('read').sort()).toEqual([...ids].sort())
    expect(new Set(newly('delivered')).size).toBe(newly('delivered').length)
    expect((await bob.conversation(conversation.id)).unread_count).toBe(0)
  })

  test.each(['read', 'delivered'] as const)('%s ignores own, unknown, deleted and foreign ids', async (kind) => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [own, theirs, gone] = [
      await bob.send(conversation, 'own'),
      await ann.send(conversation, 'theirs'),
      await ann.send(conversation, 'gone'),
    ]
    await ann.rest('DELETE', `/api/v1/chat/messages/${gone.id}`)
    const other = await bob.create({ type: 'group', participant_ids: [ann.id] })
    const elsewhere = await ann.send(other, 'elsewhere')
    const { data } = await mark(bob, kind, conversation, [own.id, newUserId(), elsewhere.id, theirs.id.toUpperCase(), gone.id])
    expect(data.message_ids).toEqual([theirs.id])
    expect(await shown(ann, other, elsewhere)).toEqual({ read_by: [ann.id], delivered_to: [ann.id] })
    expect((await bob.conversation(other.id)).unread_count).toBe(1)
  })

  test.each(['read', 'delivered'] as const)('%s takes 1 to 100 ids', async (kind) => {
    const { ann, bob, conversation } = await world.twoPeople()
    const { id } = await ann.send(conversation, 'x')
    const unknown = Array.from({ length: 99 }, () => newUserId())
    expect((await mark(bob, kind, conversation, [...unknown, id])).data.message_ids).toEqual([id])
    const wrong: [unknown, string][] = [
      [[], 'message_ids'],
      [Array(101).fill(id), 'message_ids'],
      [undefined, 'message_ids'],
      [null, 'message_ids'],
      [id, 'message_ids'],
      [[id, 'x'], 'message_ids.1'],
      [[id, null], 'message_ids.1'],
      [[5], 'message_ids.0'],
    ]
    for (const [ids, at] of wrong) {
      const answer = await mark(bob, kind, conversation, ids)
      expect([answer.verdict, answer.paths], JSON.stringify(ids)).toEqual(['400 VALIDATION_ERROR', [at]])
    }
  })
})

describe('who got and who read a message', () => {
  test('is listed sender first, then by id, in whichever order they came', async () => {
    const { ann, low, middle, high, group, message } = await groupOfFour()
    expect([message.read_by, message.delivered_to]).toEqual([[ann.id], [ann.id]])
    await mark(high, 'read', group, [message.id])
    await mark(low, 'delivered', group, [message.id])
    await mark(middle, 'read', group, [message.id])
    const expected = { read_by: [ann.id, middle.id, high.id], delivered_to: [ann.id, low.id, middle.id, high.id] }
    for (const who of [ann, low]) expect(await shown(who, group, message)).toEqual(expected)
    expect((await low.conversation(group.id)).last_message).toMatchObject(expected)
    expect((await low.conversations())[0]?.last_message).toMatchObject(expected)
  })

  test('is listed for current participants only', async () => {
    const { ann, low, high, group, message } = await groupOfFour()
    for (const who of [low, high]) await mark(who, 'read', group, [message.id])
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${low.id}`)
    expect(await shown(ann, group, message)).toEqual({ read_by: [ann.id, high.id], delivered_to: [ann.id, high.id] })
    expect((await receiptsOf(ann, message)).map(({ user_id }) => user_id)).not.toContain(low.id)
  })

  test('is the same for whoever asks', async () => {
    const { ann, low, middle, high, group, message } = await groupOfFour()
    await mark(low, 'read', group, [message.id])
    const views = await Promise.all([ann, low, middle, high].map(async (who) => [await who.history(group), await receiptsOf(who, message)]))
    for (const view of views) expect(view).toEqual(views[0])
  })
})

describe('receipts of a message', () => {
  test('are one for each current participant, with times; the sender has both from the start', async () => {
    const { ann, low, middle, high, group, message } = await groupOfFour()
    const start = Date.now()
    await mark(low, 'delivered', group, [message.id])
    await mark(high, 'read', group, [message.id])
    const receipts = new Map((await receiptsOf(middle, message)).map(({ user_id, ...times }) => [user_id as string, times]))
    expect([...receipts.keys()].sort()).toEqual([ann.id, low.id, middle.id, high.id].sort())
    expect(receipts.get(ann.id)).toEqual({ delivered_at: message.created_at, read_at: message.created_at })
    expect(receipts.get(middle.id)).toEqual({ delivered_at: null, read_at: null })
    expect(receipts.get(low.id)).toEqual({ delivered_at: expect.any(String) as unknown, read_at: null })
    const { delivered_at, read_at } = receipts.get(high.id) ?? {}
    expect(delivered_at).toBe(read_at)
    expect(Math.abs(Date.parse(read_at ?? '') - start)).toBeLessThan(5000)
  })

  test('keep the time of the delivery when the message is read later', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'x')
    await mark(bob, 'delivered', conversation, [message.id])
    const of = async () => (await receiptsOf(ann, message)).find(({ user_id }) => user_id === bob.id)
    const delivered = await of()
    await mark(bob, 'read', conversation, [message.id])
    const read = await of()
    expect(read?.delivered_at).toBe(delivered?.delivered_at)
    expect((read?.read_at ?? '') >= (delivered?.delivered_at ?? '')).toBe(true)
  })

  test('are not found once it is deleted', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'x')
    await ann.rest('DELETE', `/api/v1/chat/messages/${message.id}`)
    for (const who of [ann, bob])
      expect((await who.rest('GET', `/api/v1/chat/messages/${message.id}/receipts`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
  })

  test('fit for any set of marks: as the sum of what everybody did', async () => {
    const { ann, low, middle, high, group } = await groupOfFour()
    const sent: Message[] = []
    for (let n = 0; n < 40; n++) sent.push(await ann.send(group, `${n}`))
    const plan: [Person, Kind, (n: number) => boolean][] = [
      [low, 'read', (n) => n % 2 === 0],
      [middle, 'delivered', (n) => n % 3 === 0],
      [middle, 'read', (n) => n % 5 === 0],
      [high, 'delivered', (n) => n > 20],
      [high, 'read', (n) => n > 30],
    ]
    for (const [who, kind, fits] of plan)
      await mark(
        who,
        kind,
        group,
        sent.filter((_, n) => fits(n)).map(({ id }) => id),
      )
    const history = await low.history(group, '?limit=40')
    const did = (n: number, kinds: Kind[]) => [
      ann.id,
      ...[low, middle, high]
        .filter((who) => plan.some(([one, kind, fits]) => one === who && kinds.includes(kind) && fits(n)))
        .map(({ id }) => id),
    ]
    for (const [n, message] of [...history].reverse().entries())
      expect([message.read_by, message.delivered_to], `message ${n}`).toEqual([did(n, ['read']), did(n, ['read', 'delivered'])])
  })
})

describe('a deleted message', () => {
  const remove = (who: Person, { id }: { id: string }, api = 0) => who.rest('DELETE', `/api/v1/chat/messages/${id}`, undefined, { api })

  test('is left out of history, lists and counts, and deleting again is harmless', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const [kept, gone] = [await ann.send(conversation, 'kept'), await ann.send(conversation, 'gone')]
    const answers = await Promise.all([0, 1, 0, 1].map((api) => remove(ann, gone, api)))
    expect(answers.map(({ verdict }) => verdict)).toEqual(['200', '200', '200', '200'])
    expect((await remove(ann, gone)).verdict).toBe('200')
    const { data } = await bob.rest<{ messages: Message[]; pagination: { total: number } }>(
      'GET',
      `/api/v1/chat/conversations/${conversation.id}/messages`,
    )
    expect([data.messages.map(({ id }) => id), data.pagination.total]).toEqual([[kept.id], 1])
    expect(await bob.conversation(conversation.id)).toMatchObject({ unread_count: 1, last_message: { id: kept.id } })
    expect((await ann.send(conversation, 'next')).seq).toBe(3)
    const { rows } = await world.database.query(
      "select count(*)::int as n from audit_log where action = 'message_deleted' and message_id = $1",
      [gone.id],
    )
    expect(rows).toEqual([{ n: 1 }])
  })

  test('is deleted by its sender alone', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const message = await ann.send(conversation, 'x')
    expect((await remove(bob, message)).verdict).toBe('403 NOT_THE_SENDER')
    expect((await remove(await world.person('Stranger'), message)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect((await remove(ann, { id: newUserId() })).verdict).toBe('404 MESSAGE_NOT_FOUND')
    // Not even the owner of a group, nor an administrator.
    const root = await world.person('Root', { role: 'admin' })
    const group: Conversation = await root.create({ type: 'group', participant_ids: [ann.id] })
    expect((await remove(root, await ann.send(group, 'x'))).verdict).toBe('403 NOT_THE_SENDER')
    expect((await bob.history(conversation)).map(({ id }) => id)).toEqual([message.id])
  })

  test('is shown with its content to administrators, who say why and are recorded', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const root = await world.person('Root', { role: 'admin' })
    const message = await ann.send(conversation, 'evidence', { metadata: { a: 1 } })
    const look = (who: Person, query: string, headers = {}) =>
      who.rest('GET', `/api/v1/admin/messages/${message.id}${query}`, undefined, { headers })
    expect((await look(root, '?reason=abc')).data).toEqual({ ...message, deleted_at: null, deleted_by: null })
    await mark(bob, 'read', conversation, [message.id])
    await remove(ann, message)
    const { data } = await look(root, `?reason=${encodeURIComponent('complaint № 5')}`, { 'x-request-id': 'audit-1' })
    expect(data).toMatchObject({ content: 'evidence', metadata: { a: 1 }, is_deleted: true, deleted_by: ann.id, read_by: [ann.id, bob.id] })
    expect(data.deleted_at).toMatch(/^\d{4}-.*\.\d{3}Z$/)
    const { rows } = await world.database.query(
      "select actor_id, action, conversation_id, message_id, reason, request_id from audit_log where request_id = 'audit-1'",
    )
    const entry = { actor_id: root.id, action: 'message_read_by_admin', conversation_id: conversation.id, message_id: message.id }
    expect(rows).toEqual([{ ...entry, reason: 'complaint № 5', request_id: 'audit-1' }])
  })

  test('is shown to nobody else, and not without a reason of 3 to 500 characters', async () => {
    const { ann, conversation } = await world.twoPeople()
    const root = await world.person('Root', { role: 'admin' })
    const former = await world.person('Former', { role: 'admin' })
    await world.database.query("update users set role = 'patient' where id = $1", [former.id])
    const promoted = await world.person('Promoted')
    await world.database.query("update users set role = 'admin' where id = $1", [promoted.id])
    const { id } = await ann.send(conversation, 'x')
    const look = (who: Person, query: string, of: string = id) => who.rest('GET', `/api/v1/admin/messages/${of}${query}`)
    for (const who of [ann, former, promoted]) expect((await look(who, '?reason=curious')).verdict).toBe('403 FORBIDDEN')
    for (const query of ['', '?reason=', '?reason=ab', '?reason=%20%20%20%20', `?reason=${'x'.repeat(501)}`, '?reason=a%00bc']) {
      const answer = await look(root, query)
      expect([answer.verdict, answer.paths], query).toEqual(['400 VALIDATION_ERROR', ['reason']])
    }
    expect((await look(root, `?reason=${'x'.repeat(500)}`)).verdict).toBe('200')
    expect((await look(root, `?reason=${encodeURIComponent('😀'.repeat(500))}`)).verdict).toBe('200')
    expect((await look(root, '?reason=abc', newUserId())).verdict).toBe('404 MESSAGE_NOT_FOUND')
    expect((await look(root, '?reason=abc', 'x')).paths).toEqual(['message_id'])
    const { rows } = await world.database.query(
      "select count(*)::int as n from audit_log where message_id = $1 and action = 'message_read_by_admin'",
      [id],
    )
    expect(rows).toEqual([{ n: 2 }])
  })
})
