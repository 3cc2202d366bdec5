import type { Presence } from '@viatra-chat/contract'
import { connect, eventually, hearOut, joinFrom, spawnGateway, startWorld, type SpawnedService, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let world: World
let doomed: SpawnedService
beforeAll(async () => {
  world = await startWorld({ gateways: 2 })
  doomed = await spawnGateway(world)
})
afterAll(async () => {
  await doomed.kill()
  await world.close()
})

test('when a gateway dies, its people go offline within 30 s, but not those who are connected elsewhere', { timeout: 40_000 }, async () => {
  const [ann, bob, cid] = await world.people('Ann', 'Bob', 'Cid')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
  const watcher = await joinFrom(ann, group, 0)
  const [bobs, cids, cidsOther] = await Promise.all([
    connect(doomed.url, { token: bob.token }),
    connect(doomed.url, { token: cid.token }),
    cid.connect(1),
  ])
  await bobs.get('join_conversation', { conversationId: group.id })
  await eventually(() =>
    expect(
      watcher
        .seen('user_online')
        .map(({ userId }) => userId)
        .sort(),
    ).toEqual([bob.id, cid.id].sort()),
  )
  const hello = await bobs.get('send_message', { conversationId: group.id, content: 'hello from another process' })
  await watcher.hears('new_message', ({ id }) => id === hello.id)

  const killedAt = Date.now()
  await doomed.kill()
  await Promise.all([bobs.ended(), cids.ended()])

  const { userId, lastSeen } = await eventually(() => {
    const [offline] = watcher.seen('user_offline')
    if (!offline) throw new Error('nobody went offline')
    return offline
  }, 30_000)
  expect(userId).toBe(bob.id)
  expect(Math.abs(Date.parse(lastSeen) - killedAt)).toBeLessThan(30_000)
  const { presence } = (await ann.rest<{ presence: Presence[] }>('GET', `/api/v1/chat/presence?user_ids=${bob.id},${cid.id}`)).data
  expect(presence).toHaveLength(2)
  expect(presence).toContainEqual({ user_id: bob.id, is_online: false, last_seen: lastSeen })
  expect(presence).toContainEqual(expect.objectContaining({ user_id: cid.id, is_online: true }))

  await hearOut(ann, group, watcher, cidsOther)
  expect(watcher.seen('user_offline')).toHaveLength(1)
  expect(cidsOther.seen('user_offline')).toEqual([{ userId: bob.id, lastSeen }])
  cidsOther.close()
  await watcher.hears('user_offline', (offline) => offline.userId === cid.id)
})
