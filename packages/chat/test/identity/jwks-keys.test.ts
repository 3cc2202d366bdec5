import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/refusal.js'
import { createJwksKeys, type JwksTimes } from '../../src/identity/jwks-keys.js'
import { createTokenVerifier, type TokenVerifier } from '../../src/identity/token-verifier.js'
import { ec, encode, goodClaims, makeToken, rsa, SECRET } from './token-corpus.js'

let server: Server
let url: string
let requests: number
let answer: { status: number; body: string }

const publish = (...keys: object[]) => (answer = { status: 200, body: JSON.stringify({ keys }) })
const jwk = (key: KeyObject, kid: string, extra: object = {}) => ({ ...key.export({ format: 'jwk' }), kid, ...extra })
const rsaToken = (kid?: string) => makeToken(goodClaims(), { header: { alg: 'RS256', kid }, key: rsa.privateKey })
const ecToken = (kid?: string) => makeToken(goodClaims(), { header: { alg: 'ES256', kid }, key: ec.privateKey })

beforeEach(async () => {
  requests = 0
  publish(jwk(rsa.publicKey, 'r1'), jwk(ec.publicKey, 'e1'))
  server = createServer((_, response) => {
    requests += 1
    response.writeHead(answer.status, { location: '/elsewhere' }).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks.json`
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

describe('tokens of a published key', () => {
  test('are good, and the key set is asked for once', async () => {
    const verifier = createTokenVerifier({ jwksUrl: url })
    const verdicts = await Promise.all([rsaToken('r1'), ecToken('e1'), rsaToken('r1')].map((token) => verdict(verifier, token)))
    expect(verdicts).toEqual(['good', 'good', 'good'])
    expect(requests).toBe(1)
  })

  test('need no kid while one key of their type is published', async () => {
    expect(await verdict(createTokenVerifier({ jwksUrl: url }), rsaToken())).toBe('good')
    publish(jwk(rsa.publicKey, 'r1'), jwk(rsa.publicKey, 'r2'))
    expect(await verdict(createTokenVerifier({ jwksUrl: url }), rsaToken())).toBe('TOKEN_INVALID')
  })
})

describe('refused without a fault', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const evil = { header: { alg: 'RS256', kid: 'r1' }, key: other.privateKey }
  test.each([
    ['a key of another type under that kid', () => ecToken('r1')],
    ['another key under that kid', () => makeToken(goodClaims(), evil)],
    ['a key in the header', () => makeToken(goodClaims(), { ...evil, header: { ...evil.header, jwk: jwk(other.publicKey, 'r1') } })],
    [
      'HMAC with the published key',
      () => makeToken(goodClaims(), { header: { kid: 'r1' }, key: JSON.stringify(jwk(rsa.publicKey, 'r1')) }),
    ],
    ['HS256', () => makeToken(goodClaims(), { key: SECRET })],
    ['alg none', () => `${encode({ alg: 'none', kid: 'r1' })}.${encode(goodClaims())}.`],
    ['kid as a path', () => rsaToken('../../../dev/null')],
    ['kid as a number', () => makeToken(goodClaims(), { header: { alg: 'RS256', kid: 1 }, key: rsa.privateKey })],
    ['an empty signature', () => `${rsaToken('r1').split('.').slice(0, 2).join('.')}.`],
  ])('%s', async (_, token) => {
    expect(await verdict(createTokenVerifier({ jwksUrl: url }), token())).toBe('TOKEN_INVALID')
  })

  test('an address in the header is never asked', async () => {
    publish(jwk(ec.publicKey, 'e1'))
    const header = { alg: 'RS256', kid: 'r1', jku: `${url}?evil`, x5u: `${url}?evil` }
    expect(await verdict(createTokenVerifier({ jwksUrl: url }), makeToken(goodClaims(), { header, key: rsa.privateKey }))).toBe(
      'TOKEN_INVALID',
    )
    expect(requests).toBe(1)
  })

  test.each([
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'RS512' }],
    ['that is damaged', { n: 5 }],
  ])('a published key %s', async (_, extra) => {
    publish(jwk(rsa.publicKey, 'r1', extra), 5 as never, jwk(ec.publicKey, 'e1'))
    const verifier = createTokenVerifier({ jwksUrl: url })
    expect(await verdict(verifier, rsaToken('r1'))).toBe('TOKEN_INVALID')
    expect(await verdict(verifier, ecToken('e1'))).toBe('good')
  })

  test('a published RSA key that is too short', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
    publish(jwk(short.publicKey, 's1'))
    const token = makeToken(goodClaims(), { header: { alg: 'RS256', kid: 's1' }, key: short.privateKey })
    expect(await verdict(createTokenVerifier({ jwksUrl: url }), token)).toBe('TOKEN_INVALID')
  })
})

describe('the key set over time', () => {
  const AT_ONCE: JwksTimes = { freshMs: 0, staleMs: 60_000, cooldownMs: 0, timeoutMs: 1000 }
  const headerOf = (kid: string) => ({ header: { alg: 'RS256', kid } })

  test('a hundred tokens with unknown kids cause one request', async () => {
    const verifier = createTokenVerifier({ jwksUrl: url })
    for (let n = 0; n < 100; n += 1) expect(await verdict(verifier, rsaToken(`unknown-${n}`))).toBe('TOKEN_INVALID')
    expect(requests).toBe(1)
  })

  test('a key published later is found', async () => {
    const keyFor = createJwksKeys(url, { ...AT_ONCE, freshMs: 60_000 })
    await keyFor(headerOf('r1'))
    publish(jwk(rsa.publicKey, 'r2'))
    expect(await keyFor(headerOf('r2'))).toContain('PUBLIC KEY')
  })

  test('a key taken out is refused once the set is asked for again', async () => {
    const keyFor = createJwksKeys(url, AT_ONCE)
    await keyFor(headerOf('r1'))
    publish(jwk(rsa.publicKey, 'r2'))
    await expect(keyFor(headerOf('r1'))).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
  })

  test('known keys outlast an outage, unknown ones are UNAVAILABLE in it', async () => {
    const keyFor = createJwksKeys(url, AT_ONCE)
    await keyFor(headerOf('r1'))
    answer = { status: 500, body: 'oops' }
    expect(await keyFor(headerOf('r1'))).toContain('PUBLIC KEY')
    await expect(keyFor(headerOf('r2'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('but not for ever', async () => {
    const keyFor = createJwksKeys(url, { ...AT_ONCE, staleMs: 0 })
    await keyFor(headerOf('r1')).catch(() => undefined)
    answer = { status: 500, body: 'oops' }
    await expect(keyFor(headerOf('r1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test.each([
    ['an error', 500, ''],
    ['a redirect', 302, ''],
    ['no JSON', 200, '<html>'],
    ['no key set', 200, '{"keys":{}}'],
  ])('%s instead of a key set is UNAVAILABLE', async (_, status, body) => {
    answer = { status, body }
    expect(await verdict(createTokenVerifier({ jwksUrl: url }), rsaToken('r1'))).toBe('UNAVAILABLE')
    expect(requests).toBe(1)
  })

  test('an endpoint that is not there is UNAVAILABLE, and good once it is back', async () => {
    const { port } = new URL(url)
    server.close()
    await once(server, 'close')
    const keyFor = createJwksKeys(url, AT_ONCE)
    await expect(keyFor(headerOf('r1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    server.listen(Number(port), '127.0.0.1')
    await once(server, 'listening')
    expect(await keyFor(headerOf('r1'))).toContain('PUBLIC KEY')
  })

  test('an endpoint that does not answer is given up on', async () => {
    server.removeAllListeners('request')
    const keyFor = createJwksKeys(url, { ...AT_ONCE, timeoutMs: 50 })
    await expect(keyFor(headerOf('r1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

async function verdict(verifier: TokenVerifier, token: string): Promise<string> {
  try {
    await verifier.verify(token)
    return 'good'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}
