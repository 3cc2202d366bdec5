import { eventually, type FcmAnswer, type FcmMessage } from '@viatra-chat/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startPushWorld, type PushWorld } from './push-world.js'

let push: PushWorld
beforeAll(async () => {
  push = await startPushWorld()
})
afterAll(() => push.close())
beforeEach(async () => {
  push.fcm.answer(() => 'ok')
  push.fcm.trust(true)
  await push.world.database.query('delete from push_pause')
})

/** Answers in turn to what a device is sent; afterwards everything is fine. */
function answerInTurn(token: string, answers: FcmAnswer[]): void {
  push.fcm.answer((message) => (message.token === token ? (answers.shift() ?? 'ok') : 'ok'))
}

const attempts = (token: string) => push.fcm.received.filter(({ message }) => message.token === token).map(({ message }) => message)
const devices = async (userId: string) =>
  (await push.world.database.query<{ fcm_token: string }>('select fcm_token from devices where user_id = $1', [userId])).rows.map(
    (row) => row.fcm_token,
  )
const guideToken = async (userId: string) =>
  (await push.world.database.query<{ fcm_token: string | null }>('select fcm_token from users where id = $1', [userId])).rows[0]?.fcm_token

async function sendTo(answers: (FcmAnswer | 'hang')[]) {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  answerInTurn(token, answers)
  const message = await ann.send(conversation, 'hello')
  return { ann, bob, conversation, token, message }
}

test.each<[string, FcmAnswer]>([
  ['a quota that is used up (429)', { status: 429, code: 'QUOTA_EXCEEDED', headers: { 'retry-after': '1' } }],
  ['an internal error (500)', { status: 500, code: 'INTERNAL' }],
  ['an outage (503)', { status: 503, code: 'UNAVAILABLE', headers: { 'retry-after': '1' } }],
  ['a connection that breaks', 'reset'],
])('%s loses nothing: the push is tried again, and is the same one', async (_what, answer) => {
  const { token, message } = await sendTo([answer])
  await push.gets(token, 1)
  const tried = attempts(token)
  expect(tried.length).toBeGreaterThan(1)
  for (const { data, android } of tried)
    expect([data?.['message_id'], (android as { notification: { tag: string } }).notification.tag]).toEqual([message.id, message.id])
})

test('429 makes everybody wait', async () => {
  const { token } = await sendTo(Array<FcmAnswer>(1).fill({ status: 429, code: 'QUOTA_EXCEEDED' }))
  await eventually(async () => expect((await push.world.database.query('select from push_pause')).rowCount).toBe(1))
  await push.gets(token, 1)
  await eventually(async () => expect((await push.world.database.query('select from push_pause')).rowCount).toBe(0))
})

describe('a token that is no longer registered', () => {
  const gone: FcmAnswer = { status: 404, code: 'UNREGISTERED' }

  test('is forgotten, with the column that names it', async () => {
    const { bob, token } = await sendTo([gone])
    await eventually(async () => expect(await devices(bob.id)).toEqual([]), 10_000)
    expect(await guideToken(bob.id)).toBeNull()
    expect(attempts(token)).toHaveLength(1)
  })

  test('stays when it was registered anew meanwhile', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    const asked = new Promise<void>((resolve) => push.fcm.answer((message) => (message.token === token ? (resolve(), gone) : 'ok')))
    // As FCM answers, the app registers: in the database that is later than the send.
    await push.world.database.query(`update devices set updated_at = now() + interval '1 minute' where fcm_token = $1`, [token])
    await ann.send(conversation, 'hello')
    await asked
    await push.allDecided()
    await eventually(async () =>
      expect((await push.world.database.query('select from push_jobs where fcm_token = $1', [token])).rowCount).toBe(0),
    )
    expect(await devices(bob.id)).toEqual([token])
  })
})

test.each<[string, FcmAnswer]>([
  ['another project', { status: 403, code: 'SENDER_ID_MISMATCH' }],
  ['nobody', { status: 400, code: 'INVALID_ARGUMENT', message: 'The registration token is not a valid FCM registration token' }],
])('a token of %s is forgotten', async (_whose, answer) => {
  const { bob } = await sendTo([answer])
  await eventually(async () => expect(await devices(bob.id)).toEqual([]), 10_000)
})

test('a payload that FCM does not take is given up, and its token stays', async () => {
  const { ann, bob, conversation, token } = await sendTo([
    { status: 400, code: 'INVALID_ARGUMENT', message: 'Invalid value at message.android' },
  ])
  await eventually(async () => {
    const { rows } = await push.world.database.query('select outcome, detail from push_log where $1 = any(user_ids) and outcome <> $2', [
      bob.id,
      'queued',
    ])
    expect(rows).toEqual([{ outcome: 'refused', detail: 'messaging/invalid-argument' }])
  }, 10_000)
  expect(await devices(bob.id)).toEqual([token])
  await ann.send(conversation, 'next')
  await push.gets(token, 1)
})

test('credentials that are not accepted stop sending, lose nothing, and sending goes on when they are', async () => {
  const { ann, bob, conversation, token } = await sendTo([{ status: 401, code: 'THIRD_PARTY_AUTH_ERROR' }])
  await eventually(async () => expect((await push.world.database.query('select reason from push_pause')).rows).toHaveLength(1), 10_000)
  await ann.send(conversation, 'later')
  const [, last] = await bob.history(conversation, '?limit=2').then((messages) => messages.reverse())
  await eventually(() => expect(push.fcm.acceptedBy(token).some(({ data }) => data?.['message_id'] === last?.id)).toBe(true), 15_000)
})

test('while FCM hangs, sending messages goes on', async () => {
  const { ann, conversation, token } = await sendTo([])
  const hanging: FcmMessage[] = []
  push.fcm.answer((message) => (message.token === token ? (hanging.push(message), 'hang') : 'ok'))
  await eventually(() => expect(push.fcm.acceptedBy(token).length + hanging.length).toBeGreaterThan(0), 10_000)
  await ann.send(conversation, 'hanging')
  await eventually(() => expect(hanging.length).toBeGreaterThan(0), 10_000)
  for (let n = 0; n < 20; n++) expect((await ann.send(conversation, `message ${n}`)).seq).toBeGreaterThan(0)
})

test('what was deleted, read or left before it could leave is not sent', async () => {
  const [ann, bob, cid, dan] = await push.world.people('Ann', 'Bob', 'Cid', 'Dan')
  const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id, dan.id] })
  const [readers, removed, dans] = [await push.device(bob), await push.device(cid), await push.device(dan)]
  await push.world.database.query(`insert into push_pause (until, reason) values (now() + interval '1 hour', 'a test')`)
  const [read, deleted] = [await ann.send(group, 'READ-BEFORE'), await ann.send(group, 'DELETED-BEFORE')]
  await push.allDecided()
  await bob.rest('POST', `/api/v1/chat/conversations/${group.id}/read`, { message_ids: [read.id, deleted.id] })
  await ann.rest('DELETE', `/api/v1/chat/messages/${deleted.id}`)
  await ann.rest('DELETE', `/api/v1/chat/conversations/${group.id}/participants/${cid.id}`)
  await push.world.database.query('delete from push_pause')
  await ann.send(group, 'afterwards')
  for (const token of [readers, dans])
    expect((await push.gets(token, 1)).map(({ notification }) => notification?.body)).toEqual(['afterwards'])
  expect(attempts(removed)).toEqual([])
  expect(JSON.stringify(push.fcm.received)).not.toMatch(/READ-BEFORE|DELETED-BEFORE/)
})

test('a token that moved to another person gets nothing of the first one', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const cid = await push.world.person('Cid')
  const token = await push.device(bob)
  await push.world.database.query(`insert into push_pause (until, reason) values (now() + interval '1 hour', 'a test')`)
  await ann.send(conversation, 'for Bob alone')
  await push.allDecided()
  await cid.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: token })
  await push.world.database.query('delete from push_pause')
  const own = await ann.create({ participant_ids: [cid.id] })
  await ann.send(own, 'for Cid')
  expect((await push.gets(token, 1)).map(({ notification }) => notification?.body)).toEqual(['for Cid'])
})

test('somebody who writes without pause makes one device sound at most 30 times a minute', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  const startedAt = performance.now()
  for (let n = 0; n < 40; n++) await ann.send(conversation, `spam ${n}`)
  const newest = (await bob.history(conversation, '?limit=1'))[0]?.id
  await eventually(() => expect(push.fcm.acceptedBy(token).at(-1)?.data?.['message_id']).toBe(newest), 10_000)
  const seconds = (performance.now() - startedAt) / 1000
  expect(push.fcm.acceptedBy(token).length).toBeLessThanOrEqual(1 + Math.ceil(seconds / 2))
})
