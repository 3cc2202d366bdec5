import { connect, eventually, forgeToken, newUserId, secondsFromNow, startWorld, type Person, type World } from '@viatra-chat/testkit'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const allowed = 'https://app.example'
let world: World
let ann: Person
beforeAll(async () => {
  world = await startWorld({ gateways: 2, env: { SOCKET_IO_CORS_ORIGIN: allowed } })
  ann = await world.person('Ann')
})
afterAll(() => world.close())

const url = () => world.gateways[0] ?? ''
const good = () => ({ userId: ann.id, exp: secondsFromNow(60) })

const refusal = async (opening: Promise<{ close(): void }>): Promise<unknown> => {
  const error: unknown = await opening.then(
    (connection) => (connection.close(), 'connected'),
    (reason: unknown) => reason,
  )
  return error instanceof Error && 'data' in error ? error.data : error
}

/** Somebody who comes in now: the gateway is alive and serves. */
async function isServing(): Promise<void> {
  const connection = await ann.connect()
  await connection.get('sync')
  connection.close()
}

describe('the token of a handshake', () => {
  test.each<[what: string, auth: () => Record<string, unknown>]>([
    ['userId alone', () => ({ token: forgeToken(good()) })],
    ['sub alone', () => ({ token: forgeToken({ sub: ann.id, exp: secondsFromNow(60) }) })],
    ['userId and sub that agree, type access', () => ({ token: forgeToken({ ...good(), sub: ann.id, type: 'access' }) })],
    ['type null, nbf within the leeway', () => ({ token: forgeToken({ ...good(), type: null, nbf: secondsFromNow(3) }) })],
  ])('%s is accepted', async (_, auth) => {
    const connection = await connect(url(), auth())
    await connection.get('sync')
    connection.close()
  })

  const nobody = newUserId()
  test.each<[what: string, code: string, auth: () => Record<string, unknown>]>([
    ['none', 'TOKEN_MISSING', () => ({})],
    ['null', 'TOKEN_MISSING', () => ({ token: null })],
    ['empty', 'TOKEN_MISSING', () => ({ token: '' })],
    ['under another name', 'TOKEN_MISSING', () => ({ jwt: forgeToken(good()) })],
    ['a number', 'TOKEN_INVALID', () => ({ token: 5 })],
    ['an object', 'TOKEN_INVALID', () => ({ token: { toString: 'x' } })],
    ['a list', 'TOKEN_INVALID', () => ({ token: [forgeToken(good())] })],
    ['no JWT', 'TOKEN_INVALID', () => ({ token: 'hello' })],
    ['dots', 'TOKEN_INVALID', () => ({ token: '..' })],
    ['50,000 characters', 'TOKEN_INVALID', () => ({ token: 'a'.repeat(50_000) })],
    ['as a header would have it', 'TOKEN_INVALID', () => ({ token: `Bearer ${forgeToken(good())}` })],
    ['signed with another secret', 'TOKEN_INVALID', () => ({ token: forgeToken(good(), { key: 'another' }) })],
    ['not signed', 'TOKEN_INVALID', () => ({ token: forgeToken(good(), { key: null, header: { alg: 'none' } }) })],
    ['of another algorithm', 'TOKEN_INVALID', () => ({ token: forgeToken(good(), { header: { alg: 'HS512' } }) })],
    ['with an extension it insists on', 'TOKEN_INVALID', () => ({ token: forgeToken(good(), { header: { crit: ['x'], x: 1 } }) })],
    ['expired', 'TOKEN_EXPIRED', () => ({ token: forgeToken({ ...good(), exp: secondsFromNow(-10) }) })],
    ['without an end', 'TOKEN_INVALID', () => ({ token: forgeToken({ userId: ann.id }) })],
    ['with an end that is no number', 'TOKEN_INVALID', () => ({ token: forgeToken({ ...good(), exp: 'never' }) })],
    ['not valid yet', 'TOKEN_INVALID', () => ({ token: forgeToken({ ...good(), nbf: secondsFromNow(30) }) })],
    ['of the type refresh', 'TOKEN_INVALID', () => ({ token: forgeToken({ ...good(), type: 'refresh' }) })],
    ['of nobody', 'TOKEN_INVALID', () => ({ token: forgeToken({ exp: secondsFromNow(60) }) })],
    ['of two people', 'TOKEN_INVALID', () => ({ token: forgeToken({ ...good(), sub: nobody }) })],
    ['of a person whose id is no UUID', 'TOKEN_INVALID', () => ({ token: forgeToken({ ...good(), userId: `' or 1=1` }) })],
    ['of a person who does not exist', 'TOKEN_INVALID', () => ({ token: forgeToken({ ...good(), userId: nobody }) })],
  ])('%s: refused with a code', async (_, code, auth) => {
    expect(await refusal(connect(url(), auth()))).toEqual({ code, message: expect.stringMatching(/\S/) })
    await isServing()
  })

  test('counts only in `auth`: not in the address, not as a header', async () => {
    const opening = connect(`${url()}?token=${ann.token}`, {}, { authorization: `Bearer ${ann.token}` })
    expect(await refusal(opening)).toMatchObject({ code: 'TOKEN_MISSING' })
  })

  test('of a deactivated person is refused', async () => {
    const gone = await world.person('Gone', { is_active: false })
    expect(await refusal(gone.connect())).toMatchObject({ code: 'USER_INACTIVE' })
    expect((await gone.rest('GET', '/api/v1/chat/conversations')).body.code).toBe('USER_INACTIVE')
  })
})

describe('the Origin of a handshake', () => {
  const open = (headers: Record<string, string>) => connect(url(), { token: ann.token }, headers)

  test.each<[what: string, headers: () => Record<string, string>]>([
    ['none, as from mobile apps', () => ({})],
    ['one that is configured', () => ({ origin: allowed })],
    ['the server’s own', () => ({ origin: url() })],
  ])('%s: accepted', async (_, headers) => {
    const connection = await open(headers())
    connection.close()
  })

  const likeAllowed = [
    'HTTPS://APP.EXAMPLE',
    `${allowed}.`,
    `${allowed}/`,
    'https://appXexample',
    `${allowed}@evil.example`,
    `${allowed}, x`,
  ]
  const others = ['https://evil.example', `${allowed}.evil.example`, 'http://app.example', 'https://app.example:8443', 'null', 'nonsense']
  test.each([...others, ...likeAllowed])('%s: refused', async (origin) => {
    await expect(open({ origin })).rejects.toThrow()
    await isServing()
  })
})

test('an unknown namespace is refused, and nothing is heard there', async () => {
  await expect(connect(`${url()}/admin`, { token: ann.token })).rejects.toThrow()
  await isServing()
})

test('long polling is off unless it is configured', async () => {
  const response = await fetch(`${url()}/socket.io/?EIO=4&transport=polling`)
  expect(response.status).toBe(400)
  const socket = io(url(), { auth: { token: ann.token }, transports: ['polling'], reconnection: false, forceNew: true })
  await new Promise((resolve) => socket.once('connect_error', resolve))
  socket.close()
})

describe('a session', () => {
  const brief = (seconds: number, who = ann) => forgeToken({ userId: who.id, exp: secondsFromNow(seconds) })

  test('ends with its token: an error says so, and the connection is closed', async () => {
    const connection = await connect(url(), { token: brief(2) })
    await connection.get('sync')
    await connection.ended()
    expect(connection.told()).toEqual([['error', { message: expect.stringMatching(/\S/), code: 'TOKEN_EXPIRED', event: null }]])
    expect(Date.now()).toBeGreaterThan(secondsFromNow(0) * 1000)
  })

  test('goes on with a fresh token of the same person', async () => {
    const exp = secondsFromNow(2)
    const [renewed, witness] = await Promise.all([1, 2].map(() => connect(url(), { token: forgeToken({ userId: ann.id, exp }) })))
    if (!renewed || !witness) throw new Error('both connect')
    const until = secondsFromNow(60)
    expect(await renewed.get('authenticate', { token: forgeToken({ sub: ann.id, exp: until }) })).toEqual({
      expires_at: new Date(until * 1000).toISOString(),
    })
    await witness.ended()
    await renewed.get('sync')
    expect(renewed.told()).toEqual([])
    renewed.close()
  })

  test('may be shortened by a token that ends earlier', async () => {
    const connection = await ann.connect()
    await connection.get('authenticate', { token: brief(1) })
    await connection.ended()
    expect(connection.seen('error')).toMatchObject([{ code: 'TOKEN_EXPIRED' }])
  })

  test('is left as it was by a bad token or another person’s', async () => {
    const bob = await world.person('Bob')
    const connection = await connect(url(), { token: brief(2) })
    expect(await connection.refused('authenticate', { token: bob.token })).toBe('FORBIDDEN')
    expect(await connection.refused('authenticate', { token: 'x' })).toBe('TOKEN_INVALID')
    expect(await connection.refused('authenticate', { token: forgeToken({ ...good(), exp: secondsFromNow(-20) }) })).toBe('TOKEN_EXPIRED')
    expect(await connection.refused('authenticate', { token: forgeToken({ ...good(), type: 'refresh' }) })).toBe('TOKEN_INVALID')
    for (const payload of [{}, { token: null }, null, 'x'])
      expect(['TOKEN_MISSING', 'VALIDATION_ERROR']).toContain(await connection.refused('authenticate', payload))
    expect(await connection.refused('authenticate', { token: { a: 1 } })).toBe('TOKEN_INVALID')

    const conversation = await ann.create({ participant_ids: [bob.id] })
    expect(await connection.get('send_message', { conversationId: conversation.id, content: 'still Ann' })).toMatchObject({
      sender_id: ann.id,
    })
    await connection.ended()
    expect(connection.seen('error')).toMatchObject([{ code: 'TOKEN_EXPIRED' }])
  })

  test('of a person who is deactivated ends within 5 s on every gateway, and the person gets in nowhere', async () => {
    const dan = await world.person('Dan')
    const [near, far, other] = await Promise.all([dan.connect(0), dan.connect(1), ann.connect(1)])
    await Promise.all([near.settled(), far.settled()])
    await world.database.query('update users set is_active = false where id = $1', [dan.id])
    const since = Date.now()
    for (const connection of [near, far]) {
      await connection.ended()
      expect(connection.seen('error')).toEqual([{ message: expect.stringMatching(/\S/), code: 'USER_INACTIVE', event: null }])
    }
    await eventually(async () => expect(await refusal(dan.connect())).toMatchObject({ code: 'USER_INACTIVE' }))
    await eventually(async () => expect((await dan.rest('GET', '/api/v1/chat/conversations')).body.code).toBe('USER_INACTIVE'))
    expect(Date.now() - since).toBeLessThan(5000)
    await other.get('sync')
  })

  test('of a person who does not exist any more ends on every gateway, and the person gets in nowhere', async () => {
    const eve = await world.person('Eve')
    const [near, far, other] = await Promise.all([eve.connect(0), eve.connect(1), ann.connect(1)])
    await Promise.all([near.settled(), far.settled()])
    await world.database.query('delete from users where id = $1', [eve.id])
    for (const connection of [near, far]) {
      await connection.ended()
      expect(connection.told()).toEqual([['error', { message: expect.stringMatching(/\S/), code: 'USER_INACTIVE', event: null }]])
    }
    await eventually(async () => expect(await refusal(eve.connect())).toMatchObject({ code: 'TOKEN_INVALID' }))
    await eventually(async () => expect((await eve.rest('GET', '/api/v1/chat/conversations')).verdict).toBe('401 TOKEN_INVALID'))
    await other.get('sync')
  })
})
