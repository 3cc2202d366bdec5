import type { Conversation } from '@viatra-chat/contract'
import { eventually, type Person } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startPushWorld, type PushWorld } from './push-world.js'

let push: PushWorld
let admin: Person
beforeAll(async () => {
  push = await startPushWorld()
  admin = await push.world.person('Root', { role: 'admin' })
})
afterAll(() => push.close())
beforeEach(() => push.world.database.query('delete from push_pause'))

/** Of a device that many conversations may ring. */
async function manyGroups(count: number) {
  const [ann, bob, cid] = await push.world.people('Ann', 'Bob', 'Cid')
  const groups: Conversation[] = []
  for (let n = 0; n < count; n++) groups.push(await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] }))
  return { ann, bob, cid, groups, token: await push.device(bob) }
}

const waiting = async (token: string) =>
  (await push.world.database.query<{ message_id: string }>('select message_id from push_jobs where fcm_token = $1', [token])).rows.map(
    (row) => row.message_id,
  )

const badges = (token: string) => push.fcm.acceptedBy(token).map(({ apns }) => apns?.payload?.aps?.['badge'])

describe('a device', () => {
  test('sounds at most 30 times a minute, in however many conversations somebody writes', async () => {
    const { ann, groups, token } = await manyGroups(5)
    const startedAt = performance.now()
    for (let round = 0; round < 4; round++) for (const group of groups) await ann.send(group, 'spam')
    await push.allDecided()
    await eventually(async () => expect(await waiting(token)).toEqual([]), 30_000)
    const seconds = (performance.now() - startedAt) / 1000
    expect(push.fcm.acceptedBy(token).length).toBeLessThanOrEqual(1 + Math.ceil(seconds / 2))
    expect(new Set(push.fcm.acceptedBy(token).map(({ data }) => data?.['conversation_id']))).toEqual(new Set(groups.map(({ id }) => id)))
    expect(badges(token).at(-1)).toBe(20)
  })

  test('hears first of who does not write in many conversations', async () => {
    const { ann, bob, cid, groups, token } = await manyGroups(4)
    await push.pause()
    for (const group of groups) await ann.send(group, 'spam')
    await push.allDecided()
    await cid.send(await cid.create({ participant_ids: [bob.id] }), 'are you well?')
    await push.allDecided()
    await push.resume()
    await eventually(() => expect(push.fcm.acceptedBy(token)[0]?.notification?.body).toBe('are you well?'), 10_000)
  })
})

describe('while pushes cannot leave', () => {
  test('of many conversations the newest ten wait for a device, and the number on the icon counts all', async () => {
    const { ann, bob, groups, token } = await manyGroups(13)
    await push.pause()
    const sent = []
    for (const group of groups) {
      sent.push(await ann.send(group, 'hello'))
      await push.allDecided()
    }
    expect((await waiting(token)).sort()).toEqual(
      sent
        .slice(3)
        .map(({ id }) => id)
        .sort(),
    )
    expect(await push.outcomes(admin, sent[0] ?? { id: '' }, bob)).toEqual(['queued', 'coalesced'])
    await push.resume()
    await eventually(() => expect(badges(token)).toEqual([13]), 10_000)
  })

  test('who writes in many conversations does not displace others', async () => {
    const { ann, bob, cid, groups, token } = await manyGroups(12)
    await push.pause()
    const words = await cid.send(await cid.create({ participant_ids: [bob.id] }), 'are you well?')
    await push.allDecided()
    for (const group of groups) {
      await ann.send(group, 'spam')
      await push.allDecided()
    }
    const rows = await waiting(token)
    expect(rows).toHaveLength(10)
    expect(rows).toContain(words.id)
  })

  test('what has expired is not sent when they can, and does not stay', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    await push.pause()
    const old = await ann.send(conversation, 'yesterday')
    await push.allDecided()
    await push.world.database.query(`update push_jobs set expires_at = now() - interval '1 second' where fcm_token = $1`, [token])
    await push.resume()
    await eventually(async () => expect(await push.outcomes(admin, old, bob)).toEqual(['queued', 'expired']), 10_000)
    const next = await ann.send(conversation, 'today')
    expect((await push.gets(token, 1)).map(({ data }) => data?.['message_id'])).toEqual([next.id])
  })
})
