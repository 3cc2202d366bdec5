import type { Presence } from '@viatra-chat/contract'
import { eventually, newUserId, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const graceMs = 1000
let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, gateways: 2, env: { PRESENCE_GRACE_MS: String(graceMs) } })
})
afterAll(() => world.close())

const presenceOf = async (asker: Person, ...people: { id: string }[]): Promise<Presence[]> => {
  const path = `/api/v1/chat/presence?user_ids=${people.map(({ id }) => id).join(',')}`
  return (await asker.rest<{ presence: Presence[] }>('GET', path)).data.presence
}

/** What a connection heard of somebody: `online`, `offline`. */
const comings = (listener: Connection, who: Person) =>
  listener.heard.flatMap(({ event, payload }) => ((payload as { userId?: string }).userId === who.id ? [event.replace('user_', '')] : []))

async function connected(person: Person, gateway = 0): Promise<Connection> {
  const connection = await person.connect(gateway)
  await connection.settled()
  return connection
}

/** Ann watches; Bob shares a conversation with her; the time passes by somebody who comes and goes. */
async function watched() {
  const [ann, bob, clock] = await world.people('Ann', 'Bob', 'Clock')
  const conversation = await ann.create({ type: 'group', participant_ids: [bob.id] })
  await ann.create({ participant_ids: [clock.id] })
  const watcher = await connected(ann, 1)
  /** Lets a whole grace period pass: whoever is to go offline has gone. */
  async function graceIsOver(): Promise<void> {
    const connection = await connected(clock, 1)
    await watcher.hears('user_online', ({ userId }) => userId === clock.id)
    connection.close()
    await watcher.hears('user_offline', ({ userId }) => userId === clock.id)
    watcher.drop(({ payload }) => (payload as { userId?: string }).userId === clock.id)
  }
  return { ann, bob, conversation, watcher, graceIsOver, heard: () => comings(watcher, bob) }
}

describe.concurrent('presence', () => {
  test('a person is online with the first connection and offline after the last, whatever the gateways', async () => {
    const { ann, bob, conversation, watcher, graceIsOver, heard } = await watched()
    const phone = await connected(bob, 0)
    await watcher.hears('user_online')
    const laptop = await connected(bob, 1)
    await graceIsOver()
    expect(heard()).toEqual(['online'])
    expect(await presenceOf(ann, bob)).toMatchObject([{ user_id: bob.id, is_online: true }])

    phone.close()
    await graceIsOver()
    expect(heard()).toEqual(['online'])
    expect(await presenceOf(ann, bob)).toMatchObject([{ is_online: true }])

    const before = Date.now()
    laptop.close()
    const { lastSeen } = await watcher.hears('user_offline')
    expect(heard()).toEqual(['online', 'offline'])
    expect(Math.abs(Date.parse(lastSeen) - before)).toBeLessThan(graceMs)
    expect(Date.now() - before).toBeGreaterThan(graceMs * 0.9)

    expect(await presenceOf(ann, bob)).toEqual([{ user_id: bob.id, is_online: false, last_seen: lastSeen }])
    for (const shown of [await ann.conversation(conversation.id), ...(await ann.conversations('', { api: 1 }))]) {
      const participant = shown.participants.find(({ id }) => id === bob.id)
      if (shown.id === conversation.id) expect(participant).toMatchObject({ is_online: false, last_seen: lastSeen })
    }
  })

  test('a person counts as online until the offline event', async () => {
    const { ann, bob, conversation, watcher, heard } = await watched()
    const connection = await connected(bob)
    await watcher.hears('user_online')
    connection.close()
    await connection.ended()
    const [asked, shown] = await Promise.all([presenceOf(ann, bob), ann.conversation(conversation.id)])
    // Read before the event can have come: had it come, the answers would be old news.
    if (heard().length === 1) {
      expect(asked).toMatchObject([{ is_online: true }])
      expect(shown.participants.find(({ id }) => id === bob.id)).toMatchObject({ is_online: true })
    }
    await watcher.hears('user_offline')
    expect(await presenceOf(ann, bob)).toMatchObject([{ is_online: false }])
  })

  test('who is back within the grace, on whichever gateway, was never away', async () => {
    const { bob, watcher, graceIsOver, heard } = await watched()
    let connection = await connected(bob, 0)
    await watcher.hears('user_online')
    for (const gateway of [1, 0, 0, 1]) {
      connection.close()
      connection = await connected(bob, gateway)
    }
    await graceIsOver()
    expect(heard()).toEqual(['online'])
    connection.close()
    await watcher.hears('user_offline')
  })

  test('simultaneous connections on every gateway make one online event, and their ends one offline event', async () => {
    const { bob, watcher, graceIsOver, heard } = await watched()
    const devices = await Promise.all(Array.from({ length: 10 }, (_, i) => connected(bob, i)))
    await watcher.hears('user_online')
    await graceIsOver()
    for (const device of devices) device.close()
    await watcher.hears('user_offline')
    await graceIsOver()
    expect(heard()).toEqual(['online', 'offline'])
  })

  test('whoever comes and goes often is told about alternately, and the last word is right', async () => {
    const { ann, bob, watcher, graceIsOver, heard } = await watched()
    for (let round = 0; round < 8; round++) {
      const devices = await Promise.all([bob.connect(round), bob.connect(round + 1)])
      for (const device of devices) device.close()
    }
    await eventually(async () => expect(await presenceOf(ann, bob)).toMatchObject([{ is_online: false }]))
    await eventually(() => expect(heard().at(-1)).toBe('offline'))
    await graceIsOver()
    expect(heard().length).toBeGreaterThan(1)
    expect(heard()).toEqual(heard().map((_, i) => (i % 2 ? 'offline' : 'online')))
    expect(heard().at(-1)).toBe('offline')
    expect(watcher.told()).toEqual([])
  })

  test('people who share no conversation hear nothing, and are not answered', async () => {
    const { bob, watcher, graceIsOver } = await watched()
    const [stranger, former] = await world.people('Stranger', 'Former')
    const group = await former.create({ type: 'group', participant_ids: [bob.id] })
    const listeners = await Promise.all([connected(stranger), connected(former)])
    await former.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
    await listeners[1].hears('conversation_updated')

    const connection = await connected(bob)
    await watcher.hears('user_online')
    connection.close()
    await watcher.hears('user_offline')
    await graceIsOver()
    for (const listener of listeners) {
      await listener.settled()
      expect(comings(listener, bob)).toEqual([])
    }
    for (const asker of [stranger, former])
      expect(await presenceOf(asker, bob, { id: newUserId() }, asker)).toMatchObject([{ user_id: asker.id, is_online: true }])
  })

  test('who was added to a conversation while connected hears of the others there from then on', async () => {
    const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const [newcomer, bobs] = await Promise.all([connected(cid, 1), connected(bob, 0)])
    await ann.rest('POST', `/api/v1/chat/conversations/${group.id}/participants`, { participant_ids: [cid.id] })
    expect((await newcomer.hears('conversation_created')).participants.find(({ id }) => id === bob.id)).toMatchObject({ is_online: true })
    bobs.close()
    expect(await newcomer.hears('user_offline')).toMatchObject({ userId: bob.id })
    newcomer.close()
    const again = await connected(cid, 0)
    await connected(bob, 1)
    expect(await again.hears('user_online')).toEqual({ userId: bob.id })
  })

  test('a person’s own connections hear nothing of their own coming and going', async () => {
    const { bob, watcher } = await watched()
    const first = await connected(bob, 0)
    await watcher.hears('user_online')
    const second = await connected(bob, 1)
    expect([...comings(first, bob), ...comings(second, bob)]).toEqual([])
  })

  test('a removed person’s going is not told any more to those who stay', async () => {
    const { ann, bob, conversation, watcher, graceIsOver, heard } = await watched()
    const connection = await connected(bob)
    await watcher.hears('user_online')
    connection.close()
    await ann.rest('DELETE', `/api/v1/chat/conversations/${conversation.id}/participants/${bob.id}`)
    await graceIsOver()
    expect(heard()).toEqual(['online'])
  })

  test('the keys in Redis say the same', async () => {
    const { bob, watcher } = await watched()
    const connection = await connected(bob)
    await watcher.hears('user_online')
    const ttl = await world.redis.ttl(`presence:online:${bob.id}`)
    expect(ttl).toBeGreaterThan(200)
    expect(ttl).toBeLessThanOrEqual(300)
    connection.close()
    const { lastSeen } = await watcher.hears('user_offline')
    expect(await world.redis.exists(`presence:online:${bob.id}`)).toBe(0)
    expect(await world.redis.get(`presence:lastseen:${bob.id}`)).toBe(lastSeen)
    expect(await world.redis.ttl(`presence:lastseen:${bob.id}`)).toBe(-1)
  })
})
