import type { Conversation, Presence } from '@viatra-chat/contract'
import { countQueries, eventually, startOwnRedis, startWorld, type OwnRedis, type Person, type World } from '@viatra-chat/testkit'
import { afterEach, expect, test } from 'vitest'

let world: World
let own: OwnRedis | undefined
afterEach(async () => {
  await world.close()
  await own?.stop()
  own = undefined
})

const presenceOf = async (asking: Person, ...people: Person[]) =>
  (await asking.rest<{ presence: Presence[] }>('GET', `/api/v1/chat/presence?user_ids=${people.map(({ id }) => id).join(',')}`)).data
    .presence
const shownIn = ({ participants }: Conversation, { id }: Person) => participants.find((participant) => participant.id === id)

test('when somebody was last seen outlives an emptied Redis', async () => {
  own = await startOwnRedis()
  const { redis, url } = own
  world = await startWorld({ env: { REDIS_URL: url } })
  const { ann, bob, conversation } = await world.twoPeople()
  const watcher = await ann.connect()
  const bobs = await bob.connect()
  await watcher.hears('user_online', ({ userId }) => userId === bob.id)
  bobs.close()
  const { lastSeen } = await watcher.hears('user_offline', ({ userId }) => userId === bob.id)
  await eventually(async () => expect(await storedLastSeen(bob)).toBe(lastSeen))

  await redis.flushall()
  const expected = { is_online: false, last_seen: lastSeen }
  expect(await presenceOf(ann, bob)).toEqual([{ user_id: bob.id, ...expected }])
  expect(shownIn(await ann.conversation(conversation.id), bob)).toMatchObject(expected)
  await eventually(async () => expect(await redis.get(`presence:lastseen:${bob.id}`)).toBe(lastSeen))
})

test('it is there while Redis is away, and null for whoever was never seen', async () => {
  world = await startWorld({ gateways: 0, env: { REDIS_URL: 'redis://127.0.0.1:1' } })
  const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
  const at = '2026-01-02T03:04:05.678Z'
  await world.database.query('insert into last_seen values ($1, $2)', [bob.id, at])
  const expected = [
    { user_id: bob.id, is_online: false, last_seen: at },
    { user_id: cid.id, is_online: false, last_seen: null },
  ]
  expect(await presenceOf(ann, bob, cid)).toEqual(expected)
  const [listed] = await ann.conversations()
  expect(listed?.id).toBe(group.id)
  for (const [i, who] of [bob, cid].entries())
    expect(listed && shownIn(listed, who)).toMatchObject({ is_online: false, last_seen: expected[i]?.last_seen })
})

test('of whoever was never seen is asked once, not with every list', async () => {
  world = await startWorld({ gateways: 0 })
  const { ann, conversation } = await world.twoPeople()
  await ann.send(conversation, 'hi')
  const askedFor = async () => {
    await ann.conversations()
    return countQueries(() => ann.conversations(), { except: /^(?!.*from last_seen)/s })
  }
  await eventually(async () => expect(await askedFor()).toBe(0))
})

async function storedLastSeen({ id }: Person): Promise<string | undefined> {
  const { rows } = await world.database.query<{ at: Date }>('select at from last_seen where user_id = $1', [id])
  return rows[0]?.at.toISOString()
}
