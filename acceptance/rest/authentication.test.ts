import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  eventually,
  forgeToken,
  newUserId,
  secondsFromNow,
  startWorld,
  testSecret,
  toRestAnswer,
  type Person,
  type World,
} from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Who is let in over REST, and what the others are told.

const path = '/api/v1/chat/conversations'

async function ask(world: World, headers: Record<string, string>) {
  return toRestAnswer(await fetch(`${world.apis[0]}${path}`, { headers }))
}
const bearer = async (world: World, token: string) => (await ask(world, { authorization: `Bearer ${token}` })).verdict

describe('with a shared secret', () => {
  let world: World
  let ann: Person
  beforeAll(async () => {
    world = await startWorld({ gateways: 0 })
    ann = await world.person('Ann')
  })
  afterAll(() => world.close())

  const claims = (more: Record<string, unknown> = {}) => ({ userId: ann.id, exp: secondsFromNow(60), ...more })
  const without = (key: string) => Object.fromEntries(Object.entries(claims()).filter(([name]) => name !== key))

  test('a token of a known person is good, whichever claim names them', async () => {
    const { userId: sub, ...dates } = claims()
    const good = [
      claims(),
      { sub, ...dates },
      claims({ sub }),
      claims({ sub: sub.toUpperCase() }),
      claims({ userId: sub.toUpperCase() }),
      claims({ type: 'access' }),
      claims({ type: null }),
      claims({ role: 'patient' }),
      claims({ role: null }),
      claims({ nbf: secondsFromNow(-1), iat: secondsFromNow(-1), iss: 'anybody', aud: 'anybody', extra: { deep: [1] } }),
    ]
    for (const payload of good) expect(await bearer(world, forgeToken(payload)), JSON.stringify(payload)).toBe('200')
  })

  test('a token that was good a moment ago is not when it has expired', async () => {
    // Clocks may differ by 5 s, so this one is good for two more.
    const exp = secondsFromNow(-3)
    const token = forgeToken(claims({ exp }))
    expect(await bearer(world, token)).toBe('200')
    await eventually(() => expect(secondsFromNow(0)).toBeGreaterThan(exp + 5))
    expect(await bearer(world, token)).toBe('401 TOKEN_EXPIRED')
  })

  test('a token that was good opens nothing when a letter of it is changed', async () => {
    const token = forgeToken(claims())
    expect(await bearer(world, token)).toBe('200')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const flipped = (part: string) => part.slice(0, 5) + (part[5] === 'A' ? 'B' : 'A') + part.slice(6)
    for (const parts of [
      [flipped(header), payload, signature],
      [header, flipped(payload), signature],
      [header, payload, flipped(signature)],
    ])
      expect((await ask(world, { authorization: `Bearer ${parts.join('.')}` })).status).toBe(401)
  })

  test.each<[what: string, headers: Record<string, string>]>([
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
  ])('without a token somebody is asked for one: %s', async (_what, headers) => {
    expect((await ask(world, headers)).verdict).toBe('401 TOKEN_MISSING')
  })

  test('the scheme is read in any case; a token anywhere else is none', async () => {
    expect((await ask(world, { authorization: `bearer ${ann.token}` })).verdict).toBe('200')
    expect((await ask(world, { authorization: `BEARER ${ann.token}` })).verdict).toBe('200')
    for (const odd of [
      `Bearer`,
      `Bearer,${ann.token}`,
      `Bearer  ${ann.token}`,
      ann.token,
      `Bearer Bearer ${ann.token}`,
      `Basic ${ann.token}`,
    ])
      expect((await ask(world, { authorization: odd })).status, odd.slice(0, 20)).toBe(401)
    expect((await ask(world, { cookie: `token=${ann.token}` })).verdict).toBe('401 TOKEN_MISSING')
    const inQuery = await fetch(`${world.apis[0]}${path}?token=${ann.token}&access_token=${ann.token}`)
    expect((await toRestAnswer(inQuery)).verdict).toBe('401 TOKEN_MISSING')
  })

  test('dates are enforced with a leeway of 5 s', async () => {
    expect(await bearer(world, forgeToken(claims({ exp: secondsFromNow(-2) })))).toBe('200')
    expect(await bearer(world, forgeToken(claims({ nbf: secondsFromNow(3) })))).toBe('200')
    expect(await bearer(world, forgeToken(claims({ exp: secondsFromNow(-7) })))).toBe('401 TOKEN_EXPIRED')
    expect(await bearer(world, forgeToken(claims({ nbf: secondsFromNow(60) })))).toBe('401 TOKEN_INVALID')
  })

  test('a token of somebody who does not exist is not good', async () => {
    expect(await bearer(world, forgeToken(claims({ userId: newUserId() })))).toBe('401 TOKEN_INVALID')
  })

  test('no bad token is taken for a good one, and none causes a fault', async () => {
    for (const [what, token] of badTokens()) expect(await bearer(world, token), what).toBe('401 TOKEN_INVALID')
  })

  function badTokens(): [what: string, token: string][] {
    const [head = '', body = '', signature = ''] = ann.token.split('.')
    const noneHeader = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    return [
      ['no JWT', 'hello'],
      ['one dot', `${head}.${body}`],
      ['three dots', `${ann.token}.x`],
      ['empty parts', '..'],
      ['no signature', `${head}.${body}.`],
      ['another signature', `${head}.${body}.${[...signature].reverse().join('')}`],
      ['a cut signature', ann.token.slice(0, -2)],
      [
        'another person in a signed token',
        `${head}.${Buffer.from(JSON.stringify(claims({ userId: newUserId() }))).toString('base64url')}.${signature}`,
      ],
      ['another secret', forgeToken(claims(), { key: `${testSecret}!` })],
      ['an empty secret', forgeToken(claims(), { key: '' })],
      ['alg none, unsigned', forgeToken(claims(), { header: { alg: 'none' }, key: null })],
      ['alg None, unsigned', forgeToken(claims(), { header: { alg: 'None' }, key: null })],
      ['alg none with the old signature', `${noneHeader}.${body}.${signature}`],
      ['alg HS512 in the header', forgeToken(claims(), { header: { alg: 'HS512' } })],
      ['alg RS256 in the header', forgeToken(claims(), { header: { alg: 'RS256' } })],
      ['no alg', forgeToken(claims(), { header: { alg: undefined } })],
      ['alg that is a list', forgeToken(claims(), { header: { alg: ['HS256'] } })],
      ['a key of its own in the header', forgeToken(claims(), { header: { jwk: { kty: 'oct', k: 'YQ' } }, key: 'a' })],
      ['a key id that is a path', forgeToken(claims(), { header: { kid: '../../../dev/null' }, key: '' })],
      ['an extension it insists on', forgeToken(claims(), { header: { crit: ['exp'] } })],
      ['no exp', forgeToken(without('exp'))],
      ['exp null', forgeToken(claims({ exp: null }))],
      ['exp as text', forgeToken(claims({ exp: String(secondsFromNow(60)) }))],
      ['exp that is no number JSON knows', forgeToken(`{"userId":"${ann.id}","exp":1e999}`)],
      ['exp that is a list', forgeToken(claims({ exp: [secondsFromNow(60)] }))],
      ['nbf as text', forgeToken(claims({ nbf: 'now' }))],
      ['no person', forgeToken(without('userId'))],
      ['a person that is null', forgeToken(claims({ userId: null }))],
      ['a person that is no UUID', forgeToken(claims({ userId: 'admin' }))],
      ['a person that is a query', forgeToken(claims({ userId: "' or 1=1 --" }))],
      ['a person that is an object', forgeToken(claims({ userId: { id: ann.id } }))],
      ['userId and sub that disagree', forgeToken(claims({ sub: newUserId() }))],
      ['a refresh token', forgeToken(claims({ type: 'refresh' }))],
      ['an empty type', forgeToken(claims({ type: '' }))],
      ['a type that is no text', forgeToken(claims({ type: ['access'] }))],
      ['a payload that is a list', forgeToken([claims()])],
      ['a payload that is a text', forgeToken('"hello"')],
      ['a payload that is null', forgeToken('null')],
      ['a payload that is no JSON', forgeToken('{')],
      ['a payload without end', forgeToken(`${'['.repeat(2000)}`)],
      ['more than any token has', forgeToken(claims({ filler: 'x'.repeat(8000) }))],
      ['spaces inside', `${head}. ${body}.${signature}`],
      ['percent signs', encodeURIComponent('{"alg":"HS256"}')],
    ]
  }

  test('two authorization headers are not a choice, not even if the first one was good a moment ago', async () => {
    expect(await bearer(world, ann.token)).toMatch(/^200/)
    expect(await bearer(world, `${ann.token}, Bearer ${ann.token}`)).toBe('401 TOKEN_INVALID')
    const headers = ['host', 'localhost', 'authorization', `Bearer ${ann.token}`, 'authorization', 'Bearer x']
    const [answer] = (await once(request(`${world.apis[0]}${path}`, { headers }).end(), 'response')) as [IncomingMessage]
    answer.resume()
    expect(answer.statusCode).toBe(401)
  })

  test('a person who is deactivated is refused within 5 s, with every token, and let in again when active', async () => {
    const bob = await world.person('Bob')
    expect((await bob.rest('GET', path)).verdict).toBe('200')
    await world.database.query('update users set is_active = false where id = $1', [bob.id])
    const since = Date.now()
    await eventually(async () => expect((await bob.rest('GET', path)).verdict).toBe('403 USER_INACTIVE'))
    expect(Date.now() - since).toBeLessThan(5000)
    expect(await bearer(world, forgeToken(claims({ userId: bob.id })))).toBe('403 USER_INACTIVE')
    await world.database.query('update users set is_active = true where id = $1', [bob.id])
    await eventually(async () => expect((await bob.rest('GET', path)).verdict).toBe('200'))
  })

  test('a person who was inactive from the start is refused at once', async () => {
    const carl = await world.person('Carl', { is_active: false })
    expect((await carl.rest('GET', path)).verdict).toBe('403 USER_INACTIVE')
  })
})

describe('with an issuer and an audience', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ gateways: 0, env: { JWT_ISSUER: 'viatra', JWT_AUDIENCE: 'chat' } })
  })
  afterAll(() => world.close())

  test('a token must name both', async () => {
    const { id: userId } = await world.person('Ann')
    const verdict = (more: object) => bearer(world, forgeToken({ userId, exp: secondsFromNow(60), ...more }))
    expect(await verdict({ iss: 'viatra', aud: 'chat' })).toBe('200')
    expect(await verdict({ iss: 'viatra', aud: ['web', 'chat'] })).toBe('200')
    for (const wrong of [
      {},
      { iss: 'viatra' },
      { aud: 'chat' },
      { iss: 'other', aud: 'chat' },
      { iss: 'viatra', aud: 'chats' },
      { iss: 'viatra', aud: [] },
    ])
      expect(await verdict(wrong), JSON.stringify(wrong)).toBe('401 TOKEN_INVALID')
  })
})

describe.each([
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })],
] as const)('with a public key (%s)', (alg, generate) => {
  const keys = generate()
  const publicPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const privateKey = createPrivateKey(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  let world: World
  beforeAll(async () => {
    world = await startWorld({ gateways: 0, env: { JWT_SECRET: '', JWT_PUBLIC_KEY: publicPem } })
  })
  afterAll(() => world.close())

  test('tokens of its private key are good, and the public key is no secret to sign with', async () => {
    const { id: userId } = await world.person('Ann')
    const claims = { userId, exp: secondsFromNow(60) }
    expect(await bearer(world, forgeToken(claims, { key: privateKey }))).toBe('200')
    const forged = [
      forgeToken(claims, { key: publicPem }),
      forgeToken(claims, { key: publicPem, header: { alg } }),
      forgeToken(claims, { key: publicPem.trim() }),
      forgeToken(claims),
      forgeToken(claims, { key: null, header: { alg: 'none' } }),
      forgeToken(claims, { key: privateKey, header: { alg: alg === 'RS256' ? 'PS256' : 'ES384' } }),
      forgeToken(claims, { key: generate().privateKey }),
    ]
    for (const token of forged) expect(await bearer(world, token), token).toBe('401 TOKEN_INVALID')
  })
})

describe('with a published key set', () => {
  const [ours, theirs] = [generateKeyPairSync('ec', { namedCurve: 'prime256v1' }), generateKeyPairSync('ec', { namedCurve: 'prime256v1' })]
  const published = { keys: [{ ...ours.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }] }
  const issuer = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(published)))
  let world: World
  beforeAll(async () => {
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
    const { port } = issuer.address() as AddressInfo
    world = await startWorld({ gateways: 0, env: { JWT_SECRET: '', JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks.json` } })
  })
  afterAll(async () => {
    await world.close()
    issuer.close()
  })

  test('tokens are good that a published key signed', async () => {
    const { id: userId } = await world.person('Ann')
    const claims = { userId, exp: secondsFromNow(60) }
    expect(await bearer(world, forgeToken(claims, { key: ours.privateKey, header: { kid: 'one' } }))).toBe('200')
    const forged = [
      forgeToken(claims, { key: theirs.privateKey, header: { kid: 'one' } }),
      forgeToken(claims, { key: theirs.privateKey, header: { kid: 'two' } }),
      forgeToken(claims, { key: theirs.privateKey, header: { kid: 'one', jwk: theirs.publicKey.export({ format: 'jwk' }) } }),
      forgeToken(claims, { key: JSON.stringify(published.keys[0]), header: { kid: 'one' } }),
      forgeToken(claims, { header: { kid: 'one' } }),
    ]
    for (const token of forged) expect(await bearer(world, token), token).toBe('401 TOKEN_INVALID')
  })
})
