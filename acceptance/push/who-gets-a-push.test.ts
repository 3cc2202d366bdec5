import { eventually, spawnGateway, connect, type Person } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hoursAroundNow, startPushWorld, timeInUtc, type PushWorld } from './push-world.js'

let push: PushWorld
let admin: Person
beforeAll(async () => {
  push = await startPushWorld({}, { apis: 2, gateways: 2 })
  admin = await push.world.person('Root', { role: 'admin' })
})
afterAll(() => push.close())

const decided = (message: { id: string }, person: Person, outcomes: string[]) =>
  eventually(async () => expect(await push.outcomes(admin, message, person)).toEqual(outcomes), 10_000)

describe('a message is pushed to', () => {
  test('participants who are offline, on each of their devices, and not to its sender', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const [own, phone, tablet] = [
      await push.device(ann),
      await push.device(bob, { device_id: 'phone' }),
      await push.device(bob, { device_id: 'tablet' }),
    ]
    const message = await ann.send(conversation, 'hello')
    for (const token of [phone, tablet])
      expect(await push.gets(token, 1)).toMatchObject([
        { notification: { title: 'Ann Example', body: 'hello' }, data: { message_id: message.id } },
      ])
    await decided(message, bob, ['queued', 'sent', 'sent'])
    expect(push.fcm.acceptedBy(own)).toEqual([])
  })

  test('participants who are online elsewhere, though their device has it already', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const bobs = await bob.connect(1)
    const message = await ann.send(conversation, 'hello')
    await bobs.hears('conversation_activity')
    await bobs.ask('mark_delivered', { conversationId: conversation.id, messageIds: [message.id] })
    await push.gets(token, 1)
  })

  test('participants who have joined and do not confirm delivery', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const bobs = await bob.connect()
    await bobs.ask('join_conversation', { conversationId: conversation.id })
    const message = await ann.send(conversation, 'hello')
    await decided(message, bob, ['waiting', 'queued', 'sent'])
    await push.gets(token, 1)
  })

  test('those who were joined on a gateway that died', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const gateway = await spawnGateway(push.world)
    const bobs = await connect(gateway.url, { token: bob.token })
    await bobs.ask('join_conversation', { conversationId: conversation.id })
    await gateway.kill()
    await ann.send(conversation, 'into the void')
    await push.gets(token, 1)
  })
})

describe('a message is not pushed to', () => {
  test.each([
    ['delivery', 'mark_delivered', 'delivered'],
    ['reading', 'mark_read', 'read'],
  ])('participants who have joined and confirm %s', async (_what, event, outcome) => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const bobs = await bob.connect(1)
    await bobs.ask('join_conversation', { conversationId: conversation.id })
    const message = await ann.send(conversation, 'hello')
    await bobs.ask(event, { conversationId: conversation.id, messageIds: [message.id] })
    await decided(message, bob, expect.arrayContaining([outcome]) as string[])
    expect(push.fcm.acceptedBy(token)).toEqual([])
  })

  test('people in a room; once they left it, they are pushed to', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const bobs = await bob.connect()
    await bobs.ask('join_conversation', { conversationId: conversation.id })
    await bobs.ask('leave_conversation', { conversationId: conversation.id })
    const message = await ann.send(conversation, 'hello')
    await decided(message, bob, ['queued', 'sent'])
    await push.gets(token, 1)
  })

  test('whoever muted the conversation, until they unmute it', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const path = `/api/v1/chat/conversations/${conversation.id}/mute`
    expect((await bob.rest('PUT', path)).data).toEqual({ is_muted: true, muted_until: null })
    await decided(await ann.send(conversation, 'quietly', { metadata: { mentions: [bob.id] } }), bob, ['muted'])
    expect((await bob.rest('DELETE', path)).data).toEqual({ is_muted: false, muted_until: null })
    await ann.send(conversation, 'aloud')
    expect(await push.gets(token, 1)).toMatchObject([{ notification: { body: 'aloud' } }])
  })

  test('whoever muted it until a time that has not come', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    await push.device(bob)
    const path = `/api/v1/chat/conversations/${conversation.id}/mute`
    const until = new Date(Date.now() + 60_000).toISOString()
    expect((await bob.rest('PUT', path, { until })).data).toEqual({ is_muted: true, muted_until: until })
    expect((await bob.rest('GET', path)).data).toEqual({ is_muted: true, muted_until: until })
    await decided(await ann.send(conversation, 'quietly'), bob, ['muted'])
    for (const wrong of ['yesterday', '2020-01-01T00:00:00Z', 5, ''])
      expect((await bob.rest('PUT', path, { until: wrong })).paths).toEqual(['until'])
    expect((await admin.rest('PUT', path)).verdict).toBe('403 NOT_A_PARTICIPANT')
  })

  test('whoever has quiet hours', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    await push.device(bob)
    const path = '/api/v1/chat/quiet-hours'
    const hours = hoursAroundNow()
    expect((await bob.rest('PUT', path, hours)).data).toEqual(hours)
    expect((await bob.rest('GET', path)).data).toEqual(hours)
    await decided(await ann.send(conversation, 'at night'), bob, ['quiet_hours'])
    expect((await bob.rest('DELETE', path)).verdict).toBe('200')
    expect((await bob.rest('GET', path)).data).toEqual({ from: null, to: null, time_zone: null })
    await decided(await ann.send(conversation, 'by day'), bob, ['queued', 'sent'])
    for (const [field, value] of Object.entries({ from: '24:00', to: '7:00', time_zone: 'Mars/Olympus' }))
      expect((await bob.rest('PUT', path, { ...hours, [field]: value })).paths).toEqual([field])
  })

  test.each([
    ['over midnight, and it is', timeInUtc(-1), timeInUtc(-2), 'UTC', ['quiet_hours']],
    ['over midnight, and it is not', timeInUtc(60), timeInUtc(-60), 'UTC', ['queued', 'sent']],
    // Fourteen hours before UTC, the whole year.
    ['where they live, and it is', timeInUtc(13 * 60), timeInUtc(15 * 60), 'Pacific/Kiritimati', ['quiet_hours']],
    ['where they live, and it is not', timeInUtc(-60), timeInUtc(60), 'Pacific/Kiritimati', ['queued', 'sent']],
  ])('whoever has quiet hours %s', async (_what, from, to, time_zone, outcomes) => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    await push.device(bob)
    await bob.rest('PUT', '/api/v1/chat/quiet-hours', { from, to, time_zone })
    await decided(await ann.send(conversation, 'hello'), bob, outcomes)
  })

  test('people who were removed, and nobody for system messages', async () => {
    const [ann, bob, cid] = await push.world.people('Ann', 'Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
    const [bobs, cids] = [await push.device(bob), await push.device(cid)]
    await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${bob.id}`)
    const message = await ann.send(group, 'after the removal')
    expect(await push.gets(cids, 1)).toMatchObject([{ data: { message_id: message.id } }])
    expect(push.fcm.acceptedBy(bobs)).toEqual([])
  })
})

test('a group of 1,000 with 300 people who have a device is pushed to all of them, once', async () => {
  const ann = await push.world.person('Ann')
  const crowd = await push.world.crowd(999)
  const group = await ann.create({ type: 'group', participant_ids: crowd })
  await push.world.database.query(`insert into devices (fcm_token, user_id) select 'crowd-' || id, id from unnest($1::uuid[]) as id`, [
    crowd.slice(0, 300),
  ])
  const message = await ann.send(group, 'to all')
  const arrived = () => push.fcm.received.filter(({ message: { data } }) => data?.['message_id'] === message.id)
  await eventually(() => expect(arrived()).toHaveLength(300), 40_000)
  expect(new Set(arrived().map(({ message: { token } }) => token)).size).toBe(300)
})

test('why somebody got a push, or did not, is for administrators, and asking is audited', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  await push.device(bob)
  const message = await ann.send(conversation, 'hello')
  await decided(message, bob, ['queued', 'sent'])
  const path = `/api/v1/admin/pushes?message_id=${message.id}`
  expect((await bob.rest('GET', path)).verdict).toBe('403 FORBIDDEN')
  expect((await admin.rest('GET', '/api/v1/admin/pushes')).paths).toEqual(['message_id'])
  expect((await admin.rest('GET', `/api/v1/admin/pushes?message_id=${conversation.id}`)).verdict).toBe('404 MESSAGE_NOT_FOUND')
  const { rows } = await push.world.database.query('select actor_id from audit_log where action = $1 and message_id = $2', [
    'pushes_read_by_admin',
    message.id,
  ])
  expect(rows.length).toBeGreaterThan(0)
  expect(rows).toContainEqual({ actor_id: admin.id })
})
