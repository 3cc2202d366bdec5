import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, eventually, forgeToken, secondsFromNow, startWorld, type Connection, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

// The platform takes a key out of the set it publishes and puts another one in, while people are connected and nothing is restarted.

interface Key {
  kid: string
  pair: ReturnType<typeof newPair>
}

const newPair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const [before, after, never] = ['before', 'after', 'never'].map((kid): Key => ({ kid, pair: newPair() })) as [Key, Key, Key]

let published: Key[] = []
const issuer = createServer((_request, response) => {
  const keys = published.map(({ kid, pair }) => ({ ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }))
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
})
beforeAll(() => new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve)))
afterAll(() => void issuer.close())

const tokenOf = ({ id }: Person, { kid, pair }: Key) =>
  forgeToken({ userId: id, exp: secondsFromNow(600) }, { key: pair.privateKey, header: { kid } })

let world: World
let ann: Person
async function start(...keys: Key[]): Promise<void> {
  published = keys
  const { port } = issuer.address() as AddressInfo
  world = await startWorld({ env: { JWT_SECRET: '', JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks.json` } })
  ann = await world.person('Ann')
}

afterEach(() => world.close())

const handshake = (token: string) => connect(world.gateways[0] ?? '', { token })

async function handshakeSays(token: string): Promise<string> {
  try {
    ;(await handshake(token)).close()
    return 'good'
  } catch (error) {
    return (error as { data: { code: string } }).data.code
  }
}

async function sessionSays(session: Connection, token: string): Promise<string> {
  const ack = await session.ask('authenticate', { token })
  return ack.success ? 'good' : ack.code
}

async function restSays(token: string): Promise<string> {
  const answer = await fetch(`${world.apis[0]}/api/v1/chat/sync`, { headers: { authorization: `Bearer ${token}` } })
  const { success, code } = (await answer.json()) as { success: boolean; code?: string }
  return success ? 'good' : String(code)
}

/** Over REST, in a handshake and in an open session. */
async function everyDoorSays(session: Connection, key: Key): Promise<string[]> {
  const token = tokenOf(ann, key)
  return [await restSays(token), await handshakeSays(token), await sessionSays(session, token)]
}

describe('when one key replaces another', () => {
  beforeEach(() => start(before))

  test('a token of the new one opens every door, and from then on one of the old one opens none', { timeout: 60_000 }, async () => {
    const session = await handshake(tokenOf(ann, before))
    expect(await everyDoorSays(session, before)).toEqual(['good', 'good', 'good'])
    published = [after]
    // The set is asked for again at most every ten seconds, whatever tokens come.
    await eventually(async () => expect(await restSays(tokenOf(ann, after))).toBe('good'))
    await eventually(async () => expect(await sessionSays(session, tokenOf(ann, after))).toBe('good'))
    expect(await everyDoorSays(session, after)).toEqual(['good', 'good', 'good'])
    expect(await everyDoorSays(session, before)).toEqual(['TOKEN_INVALID', 'TOKEN_INVALID', 'TOKEN_INVALID'])
    // What a refused token leaves as it was is the session.
    await session.get('sync')
    session.close()
  })
})

describe('while both are published', () => {
  beforeEach(() => start(before, after))

  test('tokens of either are good, in one session too, and of a key that was never published none is', async () => {
    const session = await handshake(tokenOf(ann, before))
    expect(await everyDoorSays(session, after)).toEqual(['good', 'good', 'good'])
    expect(await everyDoorSays(session, before)).toEqual(['good', 'good', 'good'])
    expect(await everyDoorSays(session, never)).toEqual(['TOKEN_INVALID', 'TOKEN_INVALID', 'TOKEN_INVALID'])
    session.close()
  })
})
