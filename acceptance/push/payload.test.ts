import { eventually } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPushWorld, type PushWorld } from './push-world.js'

let push: PushWorld
beforeAll(async () => {
  push = await startPushWorld()
})
afterAll(() => push.close())

/** The push of one message from Ann to Bob. */
async function pushOf(content: string | undefined, more: Record<string, unknown> = {}) {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  const message = await ann.send(conversation, content as string, more)
  const [sent] = await push.gets(token, 1)
  return { sent, token, message, ann, bob, conversation }
}

test('a push is as apps expect it, whole', async () => {
  const { sent, token, message, ann, conversation } = await pushOf('Hello there!')
  expect(push.fcm.received.at(-1)?.path).toBe('/v1/projects/test-project/messages:send')
  expect(sent).toEqual({
    token,
    notification: { title: 'Ann Example', body: 'Hello there!' },
    data: { type: 'new_message', conversation_id: conversation.id, message_id: message.id, sender_id: ann.id },
    android: {
      priority: 'high',
      collapse_key: conversation.id,
      ttl: '86400s',
      notification: { sound: 'default', channel_id: 'chat_messages', tag: message.id, visibility: 'PRIVATE' },
    },
    apns: {
      headers: { 'apns-collapse-id': message.id, 'apns-expiration': expect.stringMatching(/^\d{10}$/) },
      payload: { aps: { sound: 'default', badge: 1, 'mutable-content': 1 } },
    },
  })
})

/** What FCM takes, without the token that it is sent to. */
const payloadBytesMax = 4096

describe('it fits into what FCM takes, however wide the letters:', () => {
  test.each([
    ['of four bytes', '\u{1f600}'],
    ['of three', '\ufdfd'],
    ['of many code points that people see as one', '👩🏿\u200d❤️\u200d💋\u200d👨🏿'],
    ['that JSON escapes', '"\\'],
    ['of one cluster that never ends', '\u{1f600}\u200d'],
  ])('%s', async (_what, letters) => {
    const text = (codePoints: number) => [...letters.repeat(codePoints)].slice(0, codePoints).join('')
    const { ann, bob } = await push.world.twoPeople()
    const names = [text(255), text(255), ann.id]
    await push.world.database.query('update users set first_name = $1, last_name = $2 where id = $3', names)
    const token = await push.device(bob)
    const group = await ann.create({ type: 'group', participant_ids: [bob.id], metadata: { name: text(1000) } })
    await ann.send(group, text(5000), { metadata: { note: text(1000) } })
    await push.gets(token, 1)
    await ann.rest('POST', `/api/v1/chat/conversations/${group.id}/messages`, {
      message_type: 'file',
      metadata: { file_name: text(2000) },
    })
    await push.gets(token, 2)
    const sent = push.fcm.received.filter(({ message }) => message.token === token)
    expect(sent).toHaveLength(2)
    for (const { bodyBytes } of sent) expect(bodyBytes - token.length).toBeLessThan(payloadBytesMax)
  })
})

describe('its body', () => {
  test.each([
    ['at most 100 characters', 'x'.repeat(150), 'x'.repeat(100)],
    ['cut between what people see as characters', '👩‍⚕️'.repeat(60), '👩‍⚕️'.repeat(25)],
    ['cut before one that would not fit whole', `${'x'.repeat(98)}👩‍⚕️`, 'x'.repeat(98)],
    ['one line', 'first\n\n  second\tthird', 'first second third'],
    ['without characters that turn the direction of text', 'abc\u202egnp.exe\u2066x', 'abcgnp.exex'],
    ['without control characters', 'a\u0007b\u001b[31mc', 'ab[31mc'],
    ['without piles of marks', `a${'\u0301'.repeat(50)}b`, `a${'\u0301'.repeat(4)}b`],
  ])('is %s', async (_what, content, body) => {
    expect((await pushOf(content)).sent?.notification?.body).toBe(body)
  })

  test.each([
    ['a photo', { message_type: 'image', metadata: { attachment_url: 'https://files.example/1.jpg' } }, '📷 Photo'],
    ['a file', { message_type: 'file', metadata: { file_name: 'report.pdf' } }, '📎 report.pdf'],
    ['a file without a name', { message_type: 'file', metadata: { attachment_url: 'https://files.example/1' } }, '📎 File'],
  ])('names %s', async (_what, more, body) => {
    expect((await pushOf(undefined, more)).sent?.notification?.body).toBe(body)
  })
})

test('its title is safe whatever a person is called', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  await push.world.database.query('update users set first_name = $2, last_name = $3 where id = $1', [
    ann.id,
    `Dr\u202e ${'x'.repeat(200)}`,
    'Who\u0000'.replace('\u0000', '\u0007'),
  ])
  await ann.send(conversation, 'hello')
  const [sent] = await push.gets(token, 1)
  expect(sent?.notification?.title).toBe(`Dr ${'x'.repeat(97)}`)
})

test('its badge counts everything that the person has not read, in all conversations', async () => {
  const [ann, bob, cid] = await push.world.people('Ann', 'Bob', 'Cid')
  const [first, second] = [await ann.create({ participant_ids: [bob.id] }), await cid.create({ participant_ids: [bob.id] })]
  for (const content of ['one', 'two']) await ann.send(first, content)
  const read = await ann.send(first, 'three')
  await bob.rest('POST', `/api/v1/chat/conversations/${first.id}/read`, { message_ids: [read.id] })
  await push.allDecided()
  const token = await push.device(bob)
  await cid.send(second, 'four')
  expect((await push.gets(token, 1))[0]?.apns?.payload?.aps).toMatchObject({ badge: 3 })
})

test('many messages that wait become one push, of the newest', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  await push.world.database.query(`insert into push_pause (until, reason) values (now() + interval '1 hour', 'a test')`)
  for (let n = 1; n <= 200; n += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => ann.send(conversation, `message ${n + i}`)))
  await push.allDecided()
  await push.world.database.query('delete from push_pause')
  const [sent] = await push.gets(token, 1)
  const [newest] = await bob.history(conversation, '?limit=1')
  expect(sent?.data?.['message_id']).toBe(newest?.id)
  expect(sent?.apns?.payload?.aps).toMatchObject({ badge: 200 })
})

test('where reading updates nothing on the icon, it does not', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  const read = await ann.send(conversation, 'one')
  await push.gets(token, 1)
  await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [read.id] })
  // The turns of the device are further apart than an update of its icon would wait.
  for (const count of [2, 3]) {
    await ann.send(conversation, 'more')
    await push.gets(token, count)
  }
  expect(push.fcm.acceptedBy(token).map(({ data }) => data?.['type'])).toEqual(['new_message', 'new_message', 'new_message'])
})

describe('where pushes say nothing', () => {
  let quiet: PushWorld
  beforeAll(async () => {
    quiet = await startPushWorld({ PUSH_CONTENT: 'generic' })
  })
  afterAll(() => quiet.close())

  test('neither who wrote nor what leaves the product', async () => {
    const { ann, bob, conversation } = await quiet.world.twoPeople()
    const token = await quiet.device(bob)
    await ann.send(conversation, 'LAB-RESULT-7731', { metadata: { file_name: 'LAB-RESULT-7731.pdf' } })
    const [sent] = await quiet.gets(token, 1)
    expect(sent?.notification).toEqual({ title: 'New message', body: 'You have a new message.' })
    expect(JSON.stringify(quiet.fcm.received)).not.toMatch(/LAB-RESULT|Ann|Example/)
  })
})

describe('where reading updates the number on the icon', () => {
  let badges: PushWorld
  beforeAll(async () => {
    badges = await startPushWorld({ PUSH_BADGE_UPDATES: 'on' })
  })
  afterAll(() => badges.close())

  test('every device of the reader is told it silently, once for all that was read together', async () => {
    const { ann, bob, conversation } = await badges.world.twoPeople()
    const sent = [await ann.send(conversation, 'one'), await ann.send(conversation, 'two'), await ann.send(conversation, 'three')]
    await badges.allDecided()
    const token = await badges.device(bob)
    for (const { id } of sent.slice(0, 2))
      await bob.rest('POST', `/api/v1/chat/conversations/${conversation.id}/read`, { message_ids: [id] })
    await eventually(() => expect(badges.fcm.acceptedBy(token)).toHaveLength(1), 10_000)
    expect(badges.fcm.acceptedBy(token)).toEqual([
      {
        token,
        data: { type: 'badge', badge: '1' },
        android: { priority: 'normal', collapse_key: 'badge' },
        apns: {
          headers: { 'apns-push-type': 'background', 'apns-priority': '5', 'apns-collapse-id': 'badge' },
          payload: { aps: { badge: 1, 'content-available': 1 } },
        },
      },
    ])
  })
})
