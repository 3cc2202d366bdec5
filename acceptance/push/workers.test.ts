import { eventually, spawnApi, type FcmAnswer } from '@viatra-chat/testkit'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startPushWorld, type PushWorld } from './push-world.js'

let push: PushWorld
beforeAll(async () => {
  // The API of the world sends nothing itself: workers are processes that can be killed.
  push = await startPushWorld({ PUSH_WORKER: 'off', PUSH_CALL_TIMEOUT_MS: '1000' })
})
afterAll(() => push.close())

/** Killed when the test ends, if not before. */
async function spawnWorker({ callTimeoutMs = 1000 } = {}) {
  const env = { PUSH_WORKER: 'on', PUSH_CALL_TIMEOUT_MS: String(callTimeoutMs), PUSH_BADGE_UPDATES: 'off' }
  const worker = await spawnApi(push.world, { ...push.fcm.env, ...env })
  onTestFinished(() => worker.kill())
  return worker
}

/** Holds a table so that whoever writes to it stands still, until released. */
async function hold(table: string): Promise<{ isWaitedFor(): Promise<boolean>; endWaiting(): Promise<void>; release(): Promise<void> }> {
  const session: pg.PoolClient = await push.world.database.connect()
  await session.query(`begin; lock table ${table} in exclusive mode`)
  return {
    async isWaitedFor() {
      const { rows } = await push.world.database.query('select from pg_locks where not granted and relation = $1::regclass', [table])
      return rows.length > 0
    },
    // As if PostgreSQL had noticed the death of their process before they could write.
    async endWaiting() {
      await push.world.database.query('select pg_terminate_backend(pid) from pg_locks where not granted and relation = $1::regclass', [
        table,
      ])
    },
    async release() {
      await session.query('commit')
      session.release()
    },
  }
}

async function messageForBob() {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  return { token, send: () => ann.send(conversation, 'hello') }
}

describe('a worker that is killed', () => {
  test('while it decides loses nothing', async () => {
    const { token, send } = await messageForBob()
    const held = await hold('push_log')
    const worker = await spawnWorker()
    await send()
    // Taken, and it cannot be ended: the decision stands in the log in the same transaction.
    const taken = `select from push_intents where due_at > now() + interval '5 seconds'`
    await eventually(async () => expect((await push.world.database.query(taken)).rowCount).toBe(1), 10_000)
    await worker.kill()
    await held.endWaiting()
    await spawnWorker()
    await held.release()
    await eventually(() => expect(push.fcm.acceptedBy(token)).toHaveLength(1), 20_000)
  })

  test('while it waits for FCM loses nothing', async () => {
    const { token, send } = await messageForBob()
    let asked = 0
    push.fcm.answer((message) => (message.token === token && asked++ === 0 ? 'hang' : 'ok'))
    const worker = await spawnWorker()
    await send()
    await eventually(() => expect(asked).toBe(1), 10_000)
    await worker.kill()
    await spawnWorker()
    await eventually(() => expect(push.fcm.acceptedBy(token)).toHaveLength(1), 10_000)
  })

  test('before it could note that it sent lets another send again what a phone shows once', async () => {
    const { token, send } = await messageForBob()
    let heldJobs: Promise<Awaited<ReturnType<typeof hold>>> | undefined
    // Held from the moment that FCM is asked: the worker has the answer and cannot write it down.
    push.fcm.answer(async (message): Promise<FcmAnswer> => {
      if (message.token === token) await (heldJobs ??= hold('push_jobs'))
      return 'ok'
    })
    const worker = await spawnWorker()
    const message = await send()
    await eventually(async () => expect(await (await heldJobs)?.isWaitedFor()).toBe(true), 10_000)
    await worker.kill()
    await (await heldJobs)?.endWaiting()
    await (await heldJobs)?.release()
    await spawnWorker()
    await eventually(() => expect(push.fcm.acceptedBy(token)).toHaveLength(2), 10_000)
    const tags = push.fcm.acceptedBy(token).map(({ android }) => (android as { notification: { tag: string } }).notification.tag)
    expect(tags).toEqual([message.id, message.id])
  })
})

test('a call that takes too long is tried again, and what it delivers late is the same push', async () => {
  await spawnWorker()
  const { token, send } = await messageForBob()
  let release = (): void => undefined
  const again = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  push.fcm.answer(async (message): Promise<FcmAnswer> => {
    if (message.token !== token) return 'ok'
    if (++asked === 1) await again
    else release()
    return 'ok'
  })
  const message = await send()
  await push.gets(token, 2)
  const tags = push.fcm.acceptedBy(token).map(({ android }) => (android as { notification: { tag: string } }).notification.tag)
  expect(tags).toEqual([message.id, message.id])
})

test('a message that no worker looked at before it expired is not pushed any more', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  const token = await push.device(bob)
  const old = await ann.send(conversation, 'the day before yesterday')
  await push.world.database.query(`update messages set created_at = now() - interval '25 hours' where id = $1`, [old.id])
  await spawnWorker()
  await push.allDecided()
  const next = await ann.send(conversation, 'today')
  expect((await push.gets(token, 1)).map(({ data }) => data?.['message_id'])).toEqual([next.id])
  const { rows } = await push.world.database.query('select outcome from push_log where message_id = $1', [old.id])
  expect(rows).toEqual([{ outcome: 'expired' }])
})

test('what expires while nothing may be sent does not stay', async () => {
  const { token, send } = await messageForBob()
  await push.pause()
  const worker = await spawnWorker()
  const message = await send()
  await push.allDecided()
  await worker.kill()
  await push.world.database.query(`update push_jobs set expires_at = now() - interval '1 second' where fcm_token = $1`, [token])
  await spawnWorker()
  const outcomes = 'select outcome from push_log where message_id = $1 order by id'
  await eventually(async () =>
    expect((await push.world.database.query(outcomes, [message.id])).rows).toEqual([{ outcome: 'queued' }, { outcome: 'expired' }]),
  )
  expect((await push.world.database.query('select from push_jobs where fcm_token = $1', [token])).rowCount).toBe(0)
  await push.resume()
})

test('workers side by side send each push once', async () => {
  await Promise.all([spawnWorker(), spawnWorker()])
  const [ann, ...others] = await push.world.people('Ann', 'Bob', 'Cid', 'Dan', 'Eve', 'Fay')
  const tokens = await Promise.all(others.map((person) => push.device(person)))
  const direct = await Promise.all(others.map((person) => ann.create({ participant_ids: [person.id] })))
  await Promise.all(direct.map((conversation) => ann.send(conversation, 'once')))
  for (const token of tokens) await push.gets(token, 1)
  await push.allDecided()
  expect(tokens.map((token) => push.fcm.acceptedBy(token).length)).toEqual(tokens.map(() => 1))
})

test('what one worker is sending no other sends, however long it takes', async () => {
  await Promise.all([spawnWorker({ callTimeoutMs: 20_000 }), spawnWorker({ callTimeoutMs: 20_000 })])
  const { token, send } = await messageForBob()
  const { ann, bob: cid, conversation } = await push.world.twoPeople()
  const other = await push.device(cid)
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  push.fcm.answer(async (message): Promise<FcmAnswer> => {
    if (message.token === token && ++asked > 0) await released
    return 'ok'
  })
  await send()
  await eventually(() => expect(asked).toBe(1), 10_000)
  // Each has to wait for the next turn of its device: by the third one both workers have looked for work many times.
  for (const count of [1, 2, 3]) {
    await ann.send(conversation, 'meanwhile')
    await push.gets(other, count)
  }
  release()
  await push.gets(token, 1)
  expect(asked).toBe(1)
})

test('a message that comes while an older one of its conversation is being sent is pushed as well', async () => {
  await spawnWorker({ callTimeoutMs: 20_000 })
  const { token, send } = await messageForBob()
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  push.fcm.answer(async (message): Promise<FcmAnswer> => {
    if (message.token === token && ++asked === 1) await released
    return 'ok'
  })
  const first = await send()
  await eventually(() => expect(asked).toBe(1), 10_000)
  const second = await send()
  await push.allDecided()
  release()
  expect((await push.gets(token, 2)).map(({ data }) => data?.['message_id'])).toEqual([first.id, second.id])
})

test('a message that was deleted before anybody looked at it is not even queued', async () => {
  const { ann, bob, conversation } = await push.world.twoPeople()
  await push.device(bob)
  const message = await ann.send(conversation, 'never mind')
  await ann.rest('DELETE', `/api/v1/chat/messages/${message.id}`)
  await spawnWorker()
  await push.allDecided()
  expect((await push.world.database.query('select outcome from push_log where message_id = $1', [message.id])).rows).toEqual([])
})

test('credentials that Google does not take stop sending, and lose nothing', async () => {
  push.fcm.answer(() => 'ok')
  push.fcm.trust(false)
  const { token, send } = await messageForBob()
  await spawnWorker()
  await send()
  const pauses = async () => (await push.world.database.query<{ reason: string }>('select reason from push_pause')).rows
  await eventually(async () => expect(await pauses()).toEqual([{ reason: 'app/invalid-credential' }]), 10_000)
  expect(push.fcm.acceptedBy(token)).toEqual([])
  push.fcm.trust(true)
  await push.gets(token, 1)
})
