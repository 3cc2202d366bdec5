import type { Presence } from '@viatra-chat/contract'
import { eventually, newUserId, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2 })
})
afterAll(() => world.close())

describe('presence', () => {
  const ask = (who: Person, query: string) => who.rest<{ presence: Presence[] }>('GET', `/api/v1/chat/presence${query}`)
  const of = async (who: Person, ...ids: string[]) => (await ask(who, `?user_ids=${ids.join(',')}`)).data.presence

  test('is told of the caller and of people who share a conversation, of nobody else', async () => {
    const { ann, bob } = await world.twoPeople()
    const stranger = await world.person('Stranger')
    const offline = (who: Person) => ({ user_id: who.id, is_online: false, last_seen: null })
    const told = await of(ann, bob.id, stranger.id, newUserId(), ann.id.toUpperCase(), bob.id)
    expect([...told].sort((a, b) => (a.user_id === ann.id ? -1 : b.user_id === ann.id ? 1 : 0))).toEqual([offline(ann), offline(bob)])
    expect(await of(ann, stranger.id)).toEqual([])
  })

  test('of somebody is told no longer when the last shared conversation is left', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    expect(await of(ann, bob.id)).toHaveLength(1)
    await bob.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
    expect([await of(ann, bob.id), await of(bob, ann.id)]).toEqual([[], []])
  })

  test('changes with connections, in the list of conversations too although it is cached', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    await bob.send(conversation, 'hi')
    const listed = async () => (await ann.conversations())[0]?.participants.find(({ id }) => id === bob.id)
    expect(await listed()).toMatchObject({ is_online: false, last_seen: null })
    await ann.conversations()
    const connection = await bob.connect()
    expect(await listed()).toMatchObject({ is_online: true })
    expect(await of(ann, bob.id)).toMatchObject([{ is_online: true }])
    connection.close()
    await eventually(async () => expect(await listed()).toMatchObject({ is_online: false, last_seen: expect.any(String) as unknown }))
    const [told] = await of(ann, bob.id)
    expect(told).toMatchObject({ is_online: false, last_seen: (await listed())?.last_seen })
  })

  test.each([
    ['', 'user_ids'],
    ['?user_ids=', 'user_ids.0'],
    ['?user_ids=x', 'user_ids.0'],
    [`?user_ids=${newUserId()},x`, 'user_ids.1'],
    [`?user_ids=${newUserId()},`, 'user_ids.1'],
    [`?user_ids=${Array.from({ length: 101 }, newUserId).join(',')}`, 'user_ids'],
  ])('is refused for %s', async (query, path) => {
    const answer = await ask(await world.person('Ann'), query)
    expect([answer.verdict, answer.paths]).toEqual(['400 VALIDATION_ERROR', [path]])
  })

  test('may be asked of 100 people', async () => {
    const ann = await world.person('Ann')
    const people = await world.crowd(100)
    await ann.create({ type: 'group', participant_ids: people })
    expect((await of(ann, ...people)).map(({ user_id }) => user_id).sort()).toEqual(people)
  })
})

describe('a push token', () => {
  const path = '/api/v1/auth/fcm-token'
  const register = (who: Person, body: Record<string, unknown>, api = 0) => who.rest('POST', path, body, { api })
  const forget = (who: Person, fcm_token: string) => who.rest('DELETE', path, { fcm_token })
  const devices = async (who: Person) => {
    const { rows } = await world.database.query<Record<string, unknown>>(
      'select fcm_token, device_id, platform from devices where user_id = $1 order by created_at, fcm_token',
      [who.id],
    )
    return rows
  }
  const column = async (who: Person) => {
    const { rows } = await world.database.query<{ fcm_token: string | null }>('select fcm_token from users where id = $1', [who.id])
    return rows[0]?.fcm_token
  }
  const token = () => `fcm:${crypto.randomUUID()}`

  test('is kept with its device, and as the token of the person', async () => {
    const ann = await world.person('Ann')
    const fcm_token = token()
    const answer = await register(ann, { fcm_token, device_id: 'phone', platform: 'android' })
    expect([answer.verdict, Object.keys(answer.body)]).toEqual(['200', ['success', 'message']])
    expect(await devices(ann)).toEqual([{ fcm_token, device_id: 'phone', platform: 'android' }])
    expect(await column(ann)).toBe(fcm_token)
    await register(ann, { fcm_token, platform: null })
    expect(await devices(ann)).toEqual([{ fcm_token, device_id: 'phone', platform: 'android' }])
  })

  test('belongs to one person at a time', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const fcm_token = token()
    await register(ann, { fcm_token })
    await register(bob, { fcm_token })
    expect([await devices(ann), await column(ann)]).toEqual([[], null])
    expect([(await devices(bob)).length, await column(bob)]).toEqual([1, fcm_token])
    const answers = await Promise.all([ann, bob, ann, bob, ann, bob].map((who, n) => register(who, { fcm_token }, n % 2)))
    for (const { verdict } of answers) expect(verdict).toBe('200')
    const owners = await Promise.all([ann, bob].map(async (who) => [(await devices(who)).length, await column(who)]))
    expect(owners.filter(([count]) => count === 1)).toEqual([[1, fcm_token]])
    expect(owners.filter(([count]) => count === 0)).toEqual([[0, null]])
  })

  test('of another device stands beside, a new one of the same device replaces', async () => {
    const ann = await world.person('Ann')
    const [phone, tablet, renewed] = [token(), token(), token()]
    await register(ann, { fcm_token: phone, device_id: 'phone' })
    await register(ann, { fcm_token: tablet, device_id: 'tablet', platform: 'ios' })
    expect(await devices(ann)).toHaveLength(2)
    await register(ann, { fcm_token: renewed, device_id: 'phone' })
    expect((await devices(ann)).map(({ fcm_token }) => fcm_token).sort()).toEqual([tablet, renewed].sort())
    expect(await column(ann)).toBe(renewed)
  })

  test('is forgotten on request, harmlessly when unknown, and never for somebody else', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const [first, second] = [token(), token()]
    await register(ann, { fcm_token: first })
    await register(ann, { fcm_token: second })
    expect((await forget(bob, second)).verdict).toBe('200')
    expect(await devices(ann)).toHaveLength(2)
    expect([(await forget(ann, second)).verdict, await column(ann)]).toEqual(['200', first])
    expect([(await forget(ann, first)).verdict, await column(ann), await devices(ann)]).toEqual(['200', null, []])
    const unknown = await forget(ann, token())
    expect([unknown.verdict, Object.keys(unknown.body)]).toEqual(['200', ['success', 'message']])
  })

  test('has 1 to 4,096 visible characters', async () => {
    const ann = await world.person('Ann')
    const longest = `${token()}${'~!'.repeat(2048)}`.slice(0, 4096)
    expect((await register(ann, { fcm_token: longest })).verdict).toBe('200')
    expect(await column(ann)).toBe(longest)
    expect((await forget(ann, longest)).verdict).toBe('200')
    expect((await register(ann, { fcm_token: 'x' })).verdict).toBe('200')
    for (const wrong of ['', 'x'.repeat(4097), 'a b', 'a\n', '\u00e9', 'a\u0000', '\u200b', 5, null, undefined, ['x']])
      for (const answer of [await register(ann, { fcm_token: wrong }), await ann.rest('DELETE', path, { fcm_token: wrong })])
        expect([answer.verdict, answer.paths], String(wrong)).toEqual(['400 VALIDATION_ERROR', ['fcm_token']])
  })

  test('of a device names it in at most 128 characters, and a platform that is known', async () => {
    const ann = await world.person('Ann')
    expect((await register(ann, { fcm_token: token(), device_id: 'd'.repeat(128), platform: 'web' })).verdict).toBe('200')
    const wrong = await register(ann, { fcm_token: token(), device_id: 'd'.repeat(129), platform: 'windows' })
    expect([wrong.verdict, [...wrong.paths].sort()]).toEqual(['400 VALIDATION_ERROR', ['device_id', 'platform']])
  })
})
