import type { Conversation, Message } from '@viatra-chat/contract'
import { newUserId, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 0 })
})
afterAll(() => world.close())

const list = '/api/v1/chat/conversations'
const add = (who: Person, to: { id: string }, ids: readonly string[]) =>
  who.rest<Conversation>('POST', `${list}/${to.id}/participants`, { participant_ids: ids })
const remove = (who: Person, from: { id: string }, id: string) => who.rest<Conversation>('DELETE', `${list}/${from.id}/participants/${id}`)
const leave = (who: Person, from: { id: string }) => remove(who, from, who.id)
const promote = (who: Person, at: { id: string }, id: string, participant_role: unknown) =>
  who.rest<Conversation>('PATCH', `${list}/${at.id}/participants/${id}`, { participant_role })
const rename = (who: Person, of: { id: string }, metadata: object = { name: 'x' }) =>
  who.rest<Conversation>('PATCH', `${list}/${of.id}`, { metadata })

const rolesOf = (of: Conversation) => Object.fromEntries(of.participants.map((one) => [one.id, one.participant_role]))

/** Olga owns, Mona and Max moderate, Ben and Bea are members; Zoe is a stranger. */
async function team(type: 'group' | 'channel' = 'group') {
  const [olga, mona, max, ben, bea, zoe] = await world.people('Olga', 'Mona', 'Max', 'Ben', 'Bea', 'Zoe')
  const group = await olga.create({ type, participant_ids: [mona, max, ben, bea].map(({ id }) => id) })
  await Promise.all([mona, max].map((one) => promote(olga, group, one.id, 'moderator')))
  return { olga, mona, max, ben, bea, zoe, group }
}

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)

const system = async (who: Person, of: { id: string }) => {
  const [newest] = await who.history(of, '?limit=1')
  return newest
}
const count = async (of: { id: string }) => {
  const { rows } = await world.database.query<{ n: string }>('select count(*) as n from messages where conversation_id = $1', [of.id])
  return Number(rows[0]?.n)
}

describe('in a group', () => {
  test('owner and moderators add people, members and strangers do not', async () => {
    const { olga, mona, ben, zoe, group } = await team()
    const [yara] = await world.people('Yara')
    expect((await add(ben, group, [zoe.id])).verdict).toBe('403 FORBIDDEN')
    expect((await add(zoe, group, [zoe.id])).verdict).toBe('403 NOT_A_PARTICIPANT')
    const added = await add(mona, group, [zoe.id])
    expect(added.verdict).toBe('200')
    expect(added.data).toEqual(await mona.conversation(group.id))
    expect(added.data).toMatchObject({ participant_count: 6 })
    expect(rolesOf(added.data)[zoe.id]).toBe('member')
    expect((await add(olga, group, [yara.id])).data.participant_ids).toContain(yara.id)
  })

  test('owner and moderators remove members; moderators neither the owner nor each other', async () => {
    const { olga, mona, max, ben, bea, zoe, group } = await team()
    expect((await remove(ben, group, bea.id)).verdict).toBe('403 FORBIDDEN')
    expect((await remove(zoe, group, bea.id)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect((await remove(mona, group, olga.id)).verdict).toBe('403 FORBIDDEN')
    expect((await remove(mona, group, max.id)).verdict).toBe('403 FORBIDDEN')
    expect((await remove(mona, group, zoe.id)).verdict).toBe('404 USER_NOT_FOUND')
    expect((await remove(mona, group, newUserId())).verdict).toBe('404 USER_NOT_FOUND')
    const removed = await remove(mona, group, bea.id.toUpperCase())
    expect(removed.verdict).toBe('200')
    expect(removed.data).toEqual(await mona.conversation(group.id))
    expect(removed.data.participant_ids).not.toContain(bea.id)
    expect((await remove(olga, group, max.id)).data.participant_count).toBe(3)
    expect((await remove(olga, group, max.id)).verdict).toBe('404 USER_NOT_FOUND')
  })

  test('the owner alone gives roles', async () => {
    const { olga, mona, max, ben, bea, zoe, group } = await team()
    for (const who of [mona, ben]) expect((await promote(who, group, bea.id, 'moderator')).verdict).toBe('403 FORBIDDEN')
    expect((await promote(zoe, group, bea.id, 'moderator')).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect((await promote(olga, group, zoe.id, 'member')).verdict).toBe('404 USER_NOT_FOUND')
    for (const wrong of ['admin', '', 1, null, undefined])
      expect((await promote(olga, group, bea.id, wrong)).paths).toEqual(['participant_role'])
    expect(rolesOf((await promote(olga, group, bea.id, 'moderator')).data)[bea.id]).toBe('moderator')
    expect(rolesOf((await promote(olga, group, max.id, 'member')).data)[max.id]).toBe('member')
  })

  test('naming another owner hands it over and makes the old owner a moderator', async () => {
    const { olga, ben, group } = await team()
    const { data } = await promote(olga, group, ben.id, 'owner')
    expect(rolesOf(data)).toMatchObject({ [ben.id]: 'owner', [olga.id]: 'moderator' })
    expect(Object.values(rolesOf(data)).filter((role) => role === 'owner')).toHaveLength(1)
    expect(data.created_by).toBe(olga.id)
    expect((await promote(olga, group, olga.id, 'owner')).verdict).toBe('403 FORBIDDEN')
    expect((await promote(ben, group, olga.id, 'member')).verdict).toBe('200')
  })

  test('an owner cannot simply step down', async () => {
    const { olga, group } = await team()
    for (const role of ['moderator', 'member']) expect((await promote(olga, group, olga.id, role)).verdict).toBe('403 FORBIDDEN')
    expect(rolesOf(await olga.conversation(group.id))[olga.id]).toBe('owner')
  })

  test('metadata is changed by owner and moderators', async () => {
    const { olga, mona, ben, zoe, group } = await team()
    expect((await rename(ben, group)).verdict).toBe('403 FORBIDDEN')
    expect((await rename(zoe, group)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect((await rename(mona, group, { name: 'One' })).data.metadata).toEqual({ name: 'One' })
    expect((await rename(olga, group, { name: 'Two' })).data.metadata).toEqual({ name: 'Two' })
  })

  test('anybody may leave, and is told so', async () => {
    const { olga, ben, group } = await team()
    const left = await leave(ben, group)
    expect([left.verdict, Object.keys(left.body)]).toEqual(['200', ['success', 'message']])
    expect((await olga.conversation(group.id)).participant_ids).not.toContain(ben.id)
    expect((await leave(ben, group)).verdict).toBe('403 NOT_A_PARTICIPANT')
  })
})

test('a channel has the same roles with the same rights', async () => {
  const { olga, mona, ben, bea, zoe, group } = await team('channel')
  const refused = [
    await add(ben, group, [zoe.id]),
    await remove(ben, group, bea.id),
    await remove(mona, group, olga.id),
    await promote(mona, group, bea.id, 'moderator'),
    await promote(olga, group, olga.id, 'member'),
    await rename(ben, group),
  ]
  for (const answer of refused) expect(answer.verdict).toBe('403 FORBIDDEN')
  for (const answer of [
    await add(mona, group, [zoe.id]),
    await remove(mona, group, bea.id),
    await rename(mona, group),
    await leave(ben, group),
  ])
    expect(answer.verdict).toBe('200')
  const { data } = await promote(olga, group, zoe.id, 'owner')
  expect(rolesOf(data)).toMatchObject({ [zoe.id]: 'owner', [olga.id]: 'moderator', [mona.id]: 'moderator' })
  expect(data.participant_count).toBe(4)
})

describe('when the owner leaves', () => {
  test('the moderator who joined first becomes owner, else the member who did', async () => {
    const olga = await world.person('Olga')
    // Against the order of ids, which decides between those who joined at the same time.
    const joining = [...(await world.people('A', 'B', 'C', 'D'))].sort(byId).reverse()
    const group = await olga.create({ type: 'channel' })
    for (const one of joining) await add(olga, group, [one.id])
    const [first, second, third, fourth] = joining
    for (const one of [fourth, third]) await promote(olga, group, one?.id ?? '', 'moderator')
    let owner = olga
    for (const next of [third, fourth, first, second]) {
      await leave(owner, group)
      owner = next ?? olga
      const roles = rolesOf(await owner.conversation(group.id))
      expect(roles[owner.id]).toBe('owner')
      expect(Object.values(roles).filter((role) => role === 'owner')).toHaveLength(1)
    }
  })

  test('the lower id decides between people who joined at the same time', async () => {
    const olga = await world.person('Olga')
    const others = await world.people('A', 'B', 'C', 'D')
    const group = await olga.create({ type: 'group', participant_ids: others.map(({ id }) => id) })
    await leave(olga, group)
    const [lowest] = others.map(({ id }) => id).sort()
    const [one] = others
    expect(rolesOf(await one.conversation(group.id))[lowest ?? '']).toBe('owner')
  })

  test('a member who came back joined when they came back', async () => {
    const [olga, ben, bea] = await world.people('Olga', 'Ben', 'Bea')
    const group = await olga.create({ type: 'group', participant_ids: [ben.id] })
    await add(olga, group, [bea.id])
    await leave(ben, group)
    await add(olga, group, [ben.id])
    await leave(olga, group)
    expect(rolesOf(await ben.conversation(group.id))).toEqual({ [bea.id]: 'owner', [ben.id]: 'member' })
  })

  test('the last person may leave; the conversation stays for the audit', async () => {
    const [olga, ben] = await world.people('Olga', 'Ben')
    const root = await world.person('Root', { role: 'admin' })
    const group = await olga.create({ type: 'group', participant_ids: [ben.id] })
    const message = await olga.send(group, 'kept')
    await leave(olga, group)
    expect((await leave(ben, group)).verdict).toBe('200')
    expect((await ben.rest('GET', `${list}/${group.id}`)).verdict).toBe('403 NOT_A_PARTICIPANT')
    const audited = await root.rest('GET', `/api/v1/admin/messages/${message.id}?reason=complaint`)
    expect(audited.data).toMatchObject({ content: 'kept', read_by: [], delivered_to: [] })
    expect(await count(group)).toBe(3)
  })
})

describe('adding people', () => {
  test('shows them the whole history, none of it unread', async () => {
    const { olga, zoe, group } = await team()
    const first = await olga.send(group, 'long before Zoe')
    await add(olga, group, [zoe.id])
    expect((await zoe.history(group)).map(({ id }) => id)).toContain(first.id)
    expect((await zoe.conversation(group.id)).unread_count).toBe(0)
  })

  test('passes over those who are there, and says nothing when all are', async () => {
    const { olga, mona, ben, zoe, group } = await team()
    const before = await count(group)
    const nothing = await add(olga, group, [mona.id, ben.id, olga.id])
    expect(nothing.verdict).toBe('200')
    expect(await count(group)).toBe(before)
    const { data } = await add(olga, group, [mona.id, zoe.id, zoe.id])
    expect(rolesOf(data)[mona.id]).toBe('moderator')
    expect((await system(olga, group))?.metadata).toMatchObject({ user_ids: [zoe.id] })
  })

  test('names everyone who is unknown, inactive or no UUID, and then adds nobody', async () => {
    const { olga, zoe, group } = await team()
    const gone = await world.person('Gone', { is_active: false })
    const answer = await add(olga, group, [zoe.id, newUserId(), gone.id])
    expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', ['participant_ids.1', 'participant_ids.2']])
    expect((await add(olga, group, [zoe.id, 'x'])).paths).toEqual(['participant_ids.1'])
    expect((await add(olga, group, [])).paths).toEqual(['participant_ids'])
    expect((await olga.conversation(group.id)).participant_ids).not.toContain(zoe.id)
  })

  test('stops at 1,000 in a group and goes on in a channel', async () => {
    const olga = await world.person('Olga')
    const people = await world.crowd(1001)
    const group = await olga.create({ type: 'group', participant_ids: people.slice(0, 998) })
    expect((await add(olga, group, people.slice(998, 1000))).paths).toEqual(['participant_ids'])
    expect((await add(olga, group, people.slice(998, 999))).data.participant_count).toBe(1000)
    expect((await add(olga, group, people.slice(999, 1000))).verdict).toBe('400 VALIDATION_ERROR')
    const channel = await olga.create({ type: 'channel', participant_ids: people.slice(0, 1000) })
    const { data } = await add(olga, channel, people.slice(1000))
    expect([data.participant_count, data.participants.length]).toEqual([1002, 100])
    expect((await add(olga, channel, people)).paths).toEqual(['participant_ids'])
  })

  test('at the same time as others leaves every one of them in, counted once', async () => {
    const olga = await world.person('Olga')
    const people = await world.crowd(21)
    const group = await olga.create({ type: 'group', participant_ids: people.slice(20) })
    const adding = people
      .slice(0, 20)
      .map((id, n) =>
        olga.rest('POST', `${list}/${group.id}/participants`, { participant_ids: [id, people[(n + 1) % 20]] }, { api: n % 2 }),
      )
    for (const { verdict } of await Promise.all(adding)) expect(verdict).toBe('200')
    const seen = await olga.conversation(group.id)
    expect([seen.participant_count, new Set(seen.participant_ids).size]).toEqual([22, 22])
    const told = (await olga.history(group, '?limit=100')).flatMap(({ metadata }) => metadata.user_ids as string[])
    expect([...told].sort()).toEqual(people.slice(0, 20).sort())
  })
})

describe('at the same time', () => {
  const owners = (of: Conversation) => Object.values(rolesOf(of)).filter((role) => role === 'owner').length

  test('everybody may leave, and there is one owner until nobody is left', async () => {
    const { olga, mona, max, ben, bea, group } = await team()
    const answers = await Promise.all(
      [olga, mona, max, ben].map((who, n) => who.rest('DELETE', `${list}/${group.id}/participants/${who.id}`, undefined, { api: n % 2 })),
    )
    for (const { verdict } of answers) expect(verdict).toBe('200')
    const seen = await bea.conversation(group.id)
    expect([seen.participant_count, rolesOf(seen)]).toEqual([1, { [bea.id]: 'owner' }])
  })

  test('an owner hands over once', async () => {
    const { olga, mona, max, ben, bea, group } = await team()
    const answers = await Promise.all([mona, max, ben, bea].map(({ id }) => promote(olga, group, id, 'owner')))
    expect(answers.map(({ verdict }) => verdict).sort()).toEqual(['200', '403 FORBIDDEN', '403 FORBIDDEN', '403 FORBIDDEN'])
    expect(owners(await olga.conversation(group.id))).toBe(1)
  })

  test('a person is removed once, and sends nothing after it', async () => {
    const { olga, mona, ben, group } = await team()
    const sends = Array.from({ length: 30 }, (_, n) =>
      ben.rest<Message>('POST', `${list}/${group.id}/messages`, { content: `${n}` }, { api: n % 2 }),
    )
    const [removals, sent] = await Promise.all([
      Promise.all([olga, mona, olga, mona].map((who) => remove(who, group, ben.id))),
      Promise.all(sends),
    ])
    expect(removals.map(({ verdict }) => verdict).sort()).toEqual(['200', '404 USER_NOT_FOUND', '404 USER_NOT_FOUND', '404 USER_NOT_FOUND'])
    const history = await olga.history(group, '?limit=100')
    const removal = history.find(({ metadata }) => metadata.action === 'participant_removed')
    const own = history.filter(({ sender_id }) => sender_id === ben.id)
    for (const { seq } of own) expect(seq).toBeLessThan(removal?.seq ?? 0)
    expect(sent.filter(({ verdict }) => verdict === '201')).toHaveLength(own.length)
    expect(sent.filter(({ verdict }) => verdict === '403 NOT_A_PARTICIPANT')).toHaveLength(30 - own.length)
  })
})

describe('participants', () => {
  test('stand in the order in which they joined, the same in both lists, with their roles', async () => {
    const [olga, mona] = await world.people('Olga', 'Mona')
    const later = [...(await world.people('A', 'B', 'C'))].sort(byId).reverse()
    const group = await olga.create({ type: 'group', participant_ids: [mona.id] })
    for (const one of later) await add(olga, group, [one.id])
    await promote(olga, group, mona.id, 'moderator')
    const seen = await mona.conversation(group.id)
    expect(new Set(seen.participant_ids.slice(0, 2))).toEqual(new Set([olga.id, mona.id]))
    expect(seen.participant_ids.slice(2)).toEqual(later.map(({ id }) => id))
    expect(seen.participants.map(({ id }) => id)).toEqual(seen.participant_ids)
    const members = Object.fromEntries(later.map(({ id }) => [id, 'member']))
    expect(rolesOf(seen)).toEqual({ [olga.id]: 'owner', [mona.id]: 'moderator', ...members })
  })

  test('of a channel post only as owner or moderator, and all read', async () => {
    const { olga, mona, ben, group } = await team('channel')
    const posted = [await olga.send(group, 'one'), await mona.send(group, 'two')]
    const refused = await ben.rest('POST', `${list}/${group.id}/messages`, { content: 'three' })
    expect(refused.verdict).toBe('403 FORBIDDEN')
    expect((await ben.history(group)).slice(0, 2).map(({ id }) => id)).toEqual(posted.map(({ id }) => id).reverse())
    await promote(olga, group, ben.id, 'moderator')
    expect((await ben.send(group, 'three')).seq).toBe((posted[1]?.seq ?? 0) + 2)
  })
})

describe('every change is told in one system message', () => {
  const facts = (action: string, actor: Person, users: readonly Person[], more: object = {}) => ({
    action,
    actor_id: actor.id,
    user_ids: users.map(({ id }) => id),
    ...more,
  })
  type Team = Awaited<ReturnType<typeof team>>
  const changes: [what: string, change: (at: Team) => Promise<unknown>, actor: (at: Team) => Person, metadata: (at: Team) => object][] = [
    ['adding', ({ mona, zoe, group }) => add(mona, group, [zoe.id]), (t) => t.mona, (t) => facts('participants_added', t.mona, [t.zoe])],
    [
      'removing',
      ({ olga, bea, group }) => remove(olga, group, bea.id),
      (t) => t.olga,
      (t) => facts('participant_removed', t.olga, [t.bea]),
    ],
    ['leaving', ({ bea, group }) => leave(bea, group), (t) => t.bea, (t) => facts('participant_left', t.bea, [t.bea])],
    [
      'leaving as the owner',
      ({ olga, group }) => leave(olga, group),
      (t) => t.olga,
      (t) => facts('participant_left', t.olga, [t.olga], { new_owner_id: [t.mona, t.max].sort(byId)[0]?.id }),
    ],
    [
      'a role',
      ({ olga, bea, group }) => promote(olga, group, bea.id, 'moderator'),
      (t) => t.olga,
      (t) => facts('role_changed', t.olga, [t.bea]),
    ],
    [
      'handing over',
      ({ olga, bea, group }) => promote(olga, group, bea.id, 'owner'),
      (t) => t.olga,
      (t) => facts('role_changed', t.olga, [t.bea], { new_owner_id: t.bea.id }),
    ],
    ['metadata', ({ mona, group }) => rename(mona, group), (t) => t.mona, (t) => facts('metadata_changed', t.mona, [])],
  ]

  test.each(changes)('%s', async (_what, change, actorOf, metadataOf) => {
    const at = await team()
    const [actor, seqBefore] = [actorOf(at), await count(at.group)]
    await change(at)
    const told = await system(at.ben, at.group)
    expect(told).toMatchObject({
      seq: seqBefore + 1,
      message_type: 'system',
      sender_id: actor.id,
      sender: { first_name: actor.name },
      parent: null,
    })
    expect(told?.metadata).toEqual(metadataOf(at))
    expect(told?.content).toContain(actor.name)
    const seen = await at.ben.conversation(at.group.id)
    expect(seen.last_message).toEqual(told)
    expect(seen.last_message_at).toBe(told?.created_at)
    expect(seen.unread_count).toBe(0)
    expect(await count(at.group)).toBe(seqBefore + 1)
  })

  test('and a call that changes nothing tells nothing', async () => {
    const { olga, mona, group } = await team()
    await rename(olga, group, { name: 'Same' })
    const before = await count(group)
    const answers = [
      await rename(olga, group, { name: 'Same' }),
      await rename(olga, group, { gone: null }),
      await promote(olga, group, mona.id, 'moderator'),
    ]
    for (const { verdict } of answers) expect(verdict).toBe('200')
    expect(await count(group)).toBe(before)
  })

  test('which is counted, paged and receipted like any other message', async () => {
    const { olga, ben, group } = await team()
    const told = await system(ben, group)
    const { data } = await ben.rest<{ pagination: { total: number } }>('GET', `${list}/${group.id}/messages`)
    expect(data.pagination.total).toBe(await count(group))
    const marked = await ben.rest('POST', `${list}/${group.id}/read`, { message_ids: [told?.id] })
    expect(marked.data).toEqual({ message_ids: [told?.id], unread_count: 0 })
    expect((await system(olga, group))?.read_by).toEqual([olga.id, ben.id])
  })
})

describe('a former participant is a stranger everywhere', () => {
  async function former(how: 'left' | 'removed') {
    const { olga, ben, bea, group } = await team()
    const own = await ben.send(group, 'mine')
    const theirs = await olga.send(group, 'theirs')
    // Warm: what Ben saw a moment ago must not be shown to him again.
    for (let i = 0; i < 2; i++) await Promise.all([ben.history(group), ben.conversations(), ben.conversation(group.id)])
    await (how === 'left' ? leave(ben, group) : remove(olga, group, ben.id))
    return { olga, ben, bea, group, own, theirs }
  }

  const everything = (group: Conversation, own: Message, theirs: Message, bea: Person): [string, string, object?][] => [
    ['GET', `${list}/${group.id}`],
    ['PATCH', `${list}/${group.id}`, { metadata: { name: 'x' } }],
    ['GET', `${list}/${group.id}/messages`],
    ['GET', `${list}/${group.id}/messages?before=${theirs.id}`],
    ['GET', `${list}/${group.id}/messages?after=${own.id}`],
    ['POST', `${list}/${group.id}/messages`, { content: 'hi' }],
    ['POST', `${list}/${group.id}/messages`, { content: 'mine', client_message_id: 'c' }],
    ['POST', `${list}/${group.id}/read`, { message_ids: [theirs.id] }],
    ['POST', `${list}/${group.id}/delivered`, { message_ids: [theirs.id] }],
    ['DELETE', `/api/v1/chat/messages/${own.id}`],
    ['DELETE', `/api/v1/chat/messages/${theirs.id}`],
    ['GET', `/api/v1/chat/messages/${own.id}/receipts`],
    ['GET', `/api/v1/chat/messages/${theirs.id}/receipts`],
    ['POST', `${list}/${group.id}/participants`, { participant_ids: [bea.id] }],
    ['PATCH', `${list}/${group.id}/participants/${bea.id}`, { participant_role: 'member' }],
    ['DELETE', `${list}/${group.id}/participants/${bea.id}`],
  ]

  test.each(['left', 'removed'] as const)('once %s, also for their own messages and with a warm cache', async (how) => {
    const { olga, ben, bea, group, own, theirs } = await former(how)
    const messages = await count(group)
    for (const [n, [method, path, body]] of everything(group, own, theirs, bea).entries())
      expect((await ben.rest(method, path, body, { api: n % 2 })).verdict, `${method} ${path}`).toBe('403 NOT_A_PARTICIPANT')
    for (const api of [0, 1]) expect(await ben.conversations('', { api })).toEqual([])
    const stranger = await world.person('Stranger')
    for (const [method, path, body] of everything(group, own, theirs, bea))
      expect((await stranger.rest(method, path, body)).verdict, `${method} ${path}`).toBe('403 NOT_A_PARTICIPANT')
    expect((await ben.rest('DELETE', `${list}/${group.id}/participants/${ben.id}`)).verdict).toBe('403 NOT_A_PARTICIPANT')
    expect(await count(group)).toBe(messages)
    expect((await olga.history(group)).map(({ id }) => id)).toContain(own.id)
  })

  test('whose messages stay, without them in the receipts; who comes back has those again', async () => {
    const { olga, ben, bea, group, own, theirs } = await former('left')
    await bea.rest('POST', `${list}/${group.id}/read`, { message_ids: [own.id, theirs.id] })
    const seen = async (id: string) => (await olga.history(group)).find((message) => message.id === id)
    expect(await seen(own.id)).toMatchObject({ sender: { first_name: 'Ben' }, read_by: [bea.id], delivered_to: [bea.id] })
    await add(olga, group, [ben.id])
    expect((await seen(own.id))?.read_by).toEqual([ben.id, bea.id])
    expect((await ben.rest('DELETE', `/api/v1/chat/messages/${own.id}`)).verdict).toBe('200')
  })

  test('a conversation or message that never was is not found, for anybody', async () => {
    const { olga, ben, bea, group, own, theirs } = await former('removed')
    const nowhere = everything({ ...group, id: newUserId() as string as Conversation['id'] }, own, theirs, bea)
    for (const who of [ben, olga]) {
      for (const [method, path, body] of nowhere.filter(([, path]) => path.startsWith(list)))
        expect((await who.rest(method, path, body)).verdict, path).toBe('404 CONVERSATION_NOT_FOUND')
      expect((await who.rest('DELETE', `/api/v1/chat/messages/${newUserId()}`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
      expect((await who.rest('GET', `/api/v1/chat/messages/${newUserId()}/receipts`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
    }
  })
})

test('of two states of a conversation the newer one has the later updated_at, also when the clock was set back', async () => {
  const [ann, bob] = await world.people('Ann', 'Bob')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
  const { rows } = await world.database.query<{ updated_at: Date }>(
    `update conversations set updated_at = now() + interval '1 hour' where id = $1 returning updated_at`,
    [group.id],
  )
  const path = `/api/v1/chat/conversations/${group.id}`
  const states = [
    await ann.rest<Conversation>('PATCH', path, { metadata: { name: 'Ward 7' } }),
    await ann.rest<Conversation>('PATCH', `${path}/participants/${bob.id}`, { participant_role: 'moderator' }),
    await ann.rest<Conversation>('DELETE', `${path}/participants/${bob.id}`),
  ]
  const times = [...rows.map(({ updated_at }) => updated_at.toISOString()), ...states.map(({ data }) => data.updated_at)]
  expect(times).toEqual([...new Set(times)].sort())
})

test('ids in paths that are no UUIDs are named', async () => {
  const ann = await world.person('Ann')
  const answers: [string, string, string, object?][] = [
    ['conversation_id', 'GET', `${list}/x`],
    ['conversation_id', 'GET', `${list}/${'x'.repeat(300)}/messages`],
    ['conversation_id', 'POST', `${list}/%00/messages`, { content: 'hi' }],
    ['conversation_id', 'GET', `${list}/${newUserId()}%20`],
    ['conversation_id', 'GET', `${list}/{${newUserId()}}`],
    ['message_id', 'DELETE', '/api/v1/chat/messages/1'],
    ['message_id', 'GET', "/api/v1/chat/messages/'or'1/receipts"],
    ['user_id', 'DELETE', `${list}/${newUserId()}/participants/me`],
  ]
  for (const [path, method, url, body] of answers) {
    const answer = await ann.rest(method, url, body)
    expect([answer.verdict, answer.paths], url).toEqual(['400 VALIDATION_ERROR', [path]])
  }
})
