import { eventually, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hoursAroundNow, startPushWorld, type PushWorld } from './push-world.js'

describe('where mentions pass a mute', () => {
  let push: PushWorld
  beforeAll(async () => {
    push = await startPushWorld({ PUSH_MENTIONS_PASS_MUTE: 'on' })
  })
  afterAll(() => push.close())

  test('who is named in a muted conversation gets a push, and the others do not', async () => {
    const [ann, bob, cid] = await push.world.people('Ann', 'Bob', 'Cid')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id, cid.id] })
    const [bobs, cids] = [await push.device(bob), await push.device(cid)]
    for (const person of [bob, cid]) await person.rest('PUT', `/api/v1/chat/conversations/${group.id}/mute`)
    await ann.send(group, 'Bob, please', { metadata: { mentions: [bob.id] } })
    expect((await push.gets(bobs, 1)).map(({ notification }) => notification?.body)).toEqual(['Bob, please'])
    await push.allDecided()
    expect(push.fcm.acceptedBy(cids)).toEqual([])
  })

  test('of the tokens of one person the newest twenty are kept, and nobody else is registered by it', async () => {
    const [ann, bob] = await push.world.people('Ann', 'Bob')
    const tokens: string[] = []
    for (let n = 0; n < 22; n++) tokens.push(await push.device(ann, { device_id: `device-${n}`, user_id: bob.id }))
    const { rows } = await push.world.database.query('select fcm_token, user_id from devices where user_id = any($1)', [[ann.id, bob.id]])
    expect(rows.map((row: { fcm_token: string }) => row.fcm_token).sort()).toEqual(tokens.slice(2).sort())
    expect(new Set(rows.map((row: { user_id: string }) => row.user_id))).toEqual(new Set([ann.id]))
  })
})

describe('somebody who', () => {
  let push: PushWorld
  let admin: Person
  beforeAll(async () => {
    push = await startPushWorld()
    admin = await push.world.person('Root', { role: 'admin' })
  })
  afterAll(() => push.close())
  const tokensOf = async ({ id }: Person) => {
    const { rows } = await push.world.database.query(
      'select u.fcm_token as newest, d.fcm_token from users u left join devices d on d.user_id = u.id where u.id = $1',
      [id],
    )
    return rows as unknown[]
  }
  const noToken = [{ newest: null, fcm_token: null }]

  test('was deactivated gets no push, and their tokens are forgotten', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    await push.world.database.query('update users set is_active = false where id = $1', [bob.id])
    const message = await ann.send(conversation, 'not for you any more')
    await push.allDecided()
    expect(await push.outcomes(admin, message, bob)).toEqual(['inactive'])
    expect(await tokensOf(bob)).toEqual(noToken)
    expect(push.fcm.acceptedBy(token)).toEqual([])
  })

  test('is deactivated while a push waits does not get it', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const token = await push.device(bob)
    await push.pause()
    const message = await ann.send(conversation, 'not for you any more')
    await push.allDecided()
    await push.world.database.query('update users set is_active = false where id = $1', [bob.id])
    await push.resume()
    await eventually(async () => expect(await push.outcomes(admin, message, bob)).toEqual(['queued', 'inactive']), 10_000)
    expect(push.fcm.acceptedBy(token)).toEqual([])
  })

  const conversations = '/api/v1/chat/conversations'
  const changes: [
    string,
    (at: { ann: Person; bob: Person; group: { id: string }; message: { id: string } }) => Promise<unknown>,
    string,
  ][] = [
    ['mutes the conversation', ({ bob, group }) => bob.rest('PUT', `${conversations}/${group.id}/mute`), 'muted'],
    ['comes into quiet hours', ({ bob }) => bob.rest('PUT', '/api/v1/chat/quiet-hours', hoursAroundNow()), 'quiet_hours'],
    [
      'reads the message elsewhere',
      ({ bob, group, message }) => bob.rest('POST', `${conversations}/${group.id}/read`, { message_ids: [message.id] }),
      'read',
    ],
    ['is removed', ({ ann, bob, group }) => ann.rest('DELETE', `${conversations}/${group.id}/participants/${bob.id}`), 'left'],
    ['leaves', ({ bob, group }) => bob.rest('DELETE', `${conversations}/${group.id}/participants/${bob.id}`), 'left'],
    ['has the message deleted under them', ({ ann, message }) => ann.rest('DELETE', `/api/v1/chat/messages/${message.id}`), 'deleted'],
  ]
  test.each(changes)('%s while a push waits does not get it', async (_what, change, outcome) => {
    const [ann, bob] = await push.world.people('Ann', 'Bob')
    const group = await ann.create({ type: 'group', participant_ids: [bob.id] })
    const token = await push.device(bob)
    await push.pause()
    const message = await ann.send(group, 'too late')
    await push.allDecided()
    await change({ ann, bob, group, message })
    await push.resume()
    await eventually(async () => expect(await push.outcomes(admin, message, bob)).toEqual(['queued', outcome]), 10_000)
    expect(push.fcm.acceptedBy(token)).toEqual([])
  })

  test('signs out on a device gets nothing there any more, not even what waits, and still does on the others', async () => {
    const { ann, bob, conversation } = await push.world.twoPeople()
    const [phone, tablet] = [await push.device(bob, { device_id: 'phone' }), await push.device(bob, { device_id: 'tablet' })]
    await push.pause()
    const message = await ann.send(conversation, 'waiting')
    await push.allDecided()
    expect((await bob.rest('DELETE', '/api/v1/auth/fcm-token', { fcm_token: phone })).verdict).toBe('200')
    await push.resume()
    await push.gets(tablet, 1)
    await eventually(async () => expect((await push.outcomes(admin, message, bob)).sort()).toEqual(['queued', 'sent', 'token_gone']))
    await ann.send(conversation, 'afterwards')
    await push.gets(tablet, 2)
    expect(push.fcm.acceptedBy(phone)).toEqual([])
    await bob.rest('DELETE', '/api/v1/auth/fcm-token', { fcm_token: tablet })
    expect(await tokensOf(bob)).toEqual(noToken)
  })
})

/** An API process beside a world, with all that it prints. */
async function spawnTalking(world: World, env: Record<string, string>) {
  const main = fileURLToPath(new URL('main.js', import.meta.resolve('@viatra-chat/api')))
  const api = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: world.config.databaseUrl,
      REDIS_URL: world.config.redisUrl,
      JWT_SECRET: world.secret,
      HOST: '127.0.0.1',
      PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  api.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  onTestFinished(async () => {
    const exited = once(api, 'exit')
    if (api.kill('SIGKILL')) await exited
  })
  await eventually(() => expect(printed).toContain('the API is listening'), 15_000)
  return () => printed
}

describe('where Firebase is not configured', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })
  afterAll(() => world.close())

  test('the product runs, says once that pushes are off, and notes nothing for them', async () => {
    const printed = await spawnTalking(world, {})
    expect(printed().split('pushes are off')).toHaveLength(2)
    const { ann, bob, conversation } = await world.twoPeople()
    await bob.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: 'a-token' })
    await ann.send(conversation, 'hello')
    expect((await world.database.query('select from push_intents')).rowCount).toBe(0)
  })
})

describe('where pushes are only printed', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ env: { PUSH_TRANSPORT: 'log', PUSH_WORKER: 'off' } })
  })
  afterAll(() => world.close())

  test('what would be sent stands in the log, without the token', async () => {
    const printed = await spawnTalking(world, { PUSH_TRANSPORT: 'log' })
    const { ann, bob, conversation } = await world.twoPeople()
    await bob.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: 'a-secret-token-of-bob' })
    const message = await ann.send(conversation, 'hello')
    await eventually(() => expect(printed()).toContain('a push would be sent'), 15_000)
    expect(printed()).toContain(message.id)
    expect(printed()).not.toContain('a-secret-token-of-bob')
  })
})
