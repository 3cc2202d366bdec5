import { connect, startWorld, toRestAnswer, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ANN, ec, goodClaims, makeToken, rsa, SECRET, spki, tokenCorpus } from '../../packages/chat/test/identity/token-corpus.js'

// The same tokens at both doors: whatever one of them lets in or refuses, and with which code, the other one does too.

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { JWT_SECRET: SECRET } })
  await world.database.query(`insert into users (id, first_name) values ($1, 'Ann')`, [ANN])
})
afterAll(() => world.close())

type Verdict = 'good' | { status: number; code: string | undefined }

async function restSays(token: string, at = world): Promise<Verdict> {
  const answer = await toRestAnswer(
    await fetch(`${at.apis[0]}/api/v1/chat/sync?limit=1`, { headers: { authorization: `Bearer ${token}` } }),
  )
  return answer.status === 200 ? 'good' : { status: answer.status, code: answer.body.code }
}

async function handshakeSays(token: unknown, at = world): Promise<string> {
  try {
    const connection = await connect(at.gateways[0] ?? '', { token })
    connection.close()
    return 'good'
  } catch (error) {
    const { code } = (error as { data: { code: string } }).data
    return code
  }
}

/** Over a session that is open, which may go on only with a token that is good. */
async function sessionSays(token: unknown, sound = tokenCorpus()[0]?.[2], at = world): Promise<string> {
  const connection = await connect(at.gateways[0] ?? '', { token: sound })
  const ack = await connection.ask('authenticate', { token })
  connection.close()
  return ack.success ? 'good' : ack.code
}

// A header carries text, and Node bounds all headers at 16 KiB; a packet has at most 128 KiB, and JSON carries no function.
const isHeader = (token: unknown): token is string => typeof token === 'string' && token.length < 12_000
const isPayload = (token: unknown) => typeof token !== 'function' && String(token).length < 100_000
/** Good for a request, but a session with it has ended already. */
const isPast = (name: string) => name === 'expired within the leeway'

describe('the corpus of tokens', () => {
  test('is a corpus', () => {
    expect(tokenCorpus().length).toBeGreaterThan(100)
    expect(tokenCorpus().filter(([, verdict]) => verdict === 'good').length).toBeGreaterThan(10)
  })

  test.each(tokenCorpus())('%s: %s over REST, in a handshake and in a session', async (name, expected) => {
    // Made anew: those above are as old as this file, and some are good or bad for seconds.
    const token = tokenCorpus().find(([other]) => other === name)?.[2]
    if (isHeader(token)) expect(await restSays(token), 'REST').toEqual(expected === 'good' ? 'good' : { status: 401, code: expected })
    if (!isPayload(token)) return
    expect(await handshakeSays(token), 'handshake').toBe(expected)
    if (!isPast(name)) expect(await sessionSays(token), 'session').toBe(isInput(token) ? expected : 'VALIDATION_ERROR')
  })

  const isInput = (token: unknown) => token !== undefined && token !== null && !Buffer.isBuffer(token)
})

test('a token larger than any head of a request is refused at once, without a word about it', async () => {
  const answer = await fetch(`${world.apis[0]}/api/v1/chat/sync`, { headers: { authorization: `Bearer ${'a'.repeat(64 * 1024)}` } })
  expect(answer.status).toBe(431)
  expect(await answer.text()).not.toContain('aaaa')
})

test('one token may be used at every instance at once', async () => {
  const [[, , token] = []] = tokenCorpus()
  const others = await world.startGateway()
  const [here, there] = await Promise.all([world.gateways[0] ?? '', others.url].map((url) => connect(url, { token })))
  expect((await here?.ask('sync'))?.success).toBe(true)
  expect((await there?.ask('sync'))?.success).toBe(true)
  here?.close()
  there?.close()
  await others.stop()
})

const issued = { iss: 'https://id.clinic', aud: 'chat' }
const ofRsa = (claims: object = {}) => makeToken(goodClaims(claims), { header: { alg: 'RS256' }, key: rsa.privateKey })
const ofText = (key: string) => makeToken(goodClaims(issued), { key })

describe('where the platform signs with a key of its own, for an audience', () => {
  let strict: World
  beforeAll(async () => {
    const env = { JWT_SECRET: '', JWT_PUBLIC_KEY: spki(rsa.publicKey), JWT_ISSUER: issued.iss, JWT_AUDIENCE: issued.aud }
    strict = await startWorld({ env })
    await strict.database.query(`insert into users (id, first_name) values ($1, 'Ann')`, [ANN])
  })
  afterAll(() => strict.close())

  test.each<[what: string, verdict: 'good' | 'TOKEN_INVALID', token: () => string]>([
    ['all as it should be', 'good', () => ofRsa(issued)],
    ['one audience of several', 'good', () => ofRsa({ ...issued, aud: ['web', 'chat'] })],
    ['neither issuer nor audience', 'TOKEN_INVALID', () => ofRsa()],
    ['another issuer', 'TOKEN_INVALID', () => ofRsa({ ...issued, iss: 'https://id.clinic.evil' })],
    ['a list of issuers', 'TOKEN_INVALID', () => ofRsa({ ...issued, iss: [issued.iss] })],
    ['another audience', 'TOKEN_INVALID', () => ofRsa({ ...issued, aud: 'web' })],
    ['the public key as a secret', 'TOKEN_INVALID', () => ofText(spki(rsa.publicKey))],
    ['the public key as a secret, trimmed', 'TOKEN_INVALID', () => ofText(spki(rsa.publicKey).trim())],
    ['the public key as a secret, after a space', 'TOKEN_INVALID', () => ofText(` ${spki(rsa.publicKey)}`)],
    ['another kind of key', 'TOKEN_INVALID', () => makeToken(goodClaims(issued), { header: { alg: 'ES256' }, key: ec.privateKey })],
    ['a shared secret', 'TOKEN_INVALID', () => ofText(SECRET)],
  ])('%s: %s over REST, in a handshake and in a session', async (_, verdict, token) => {
    expect(await restSays(token(), strict), 'REST').toEqual(verdict === 'good' ? 'good' : { status: 401, code: verdict })
    expect(await handshakeSays(token(), strict), 'handshake').toBe(verdict)
    expect(await sessionSays(token(), ofRsa(issued), strict), 'session').toBe(verdict)
  })
})
