import { operations, type Operation, type OperationName } from '@viatra-chat/contract'
import { eventually, forgeToken, newUserId, secondsFromNow, startWorld, toRestAnswer, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// How often somebody may ask. The numbers stand here once more, since clients know them.

let world: World
beforeAll(async () => {
  world = await startWorld({ apis: 2, env: { RATE_LIMIT_MULTIPLIER: '1' } })
})
afterAll(() => world.close())

const limits: Record<string, number> = {
  'GET /api/v1/chat/conversations': 30,
  'POST /api/v1/chat/conversations': 20,
  'GET /api/v1/chat/conversations/:conversation_id': 30,
  'PATCH /api/v1/chat/conversations/:conversation_id': 20,
  'GET /api/v1/chat/conversations/:conversation_id/messages': 60,
  'POST /api/v1/chat/conversations/:conversation_id/messages': 60,
  'POST /api/v1/chat/conversations/:conversation_id/read': 60,
  'POST /api/v1/chat/conversations/:conversation_id/delivered': 60,
  'DELETE /api/v1/chat/messages/:message_id': 30,
  'GET /api/v1/chat/messages/:message_id/receipts': 60,
  'POST /api/v1/chat/conversations/:conversation_id/participants': 20,
  'PATCH /api/v1/chat/conversations/:conversation_id/participants/:user_id': 20,
  'DELETE /api/v1/chat/conversations/:conversation_id/participants/:user_id': 20,
  'GET /api/v1/chat/presence': 60,
  'GET /api/v1/chat/sync': 60,
  'POST /api/v1/auth/fcm-token': 10,
  'DELETE /api/v1/auth/fcm-token': 10,
  'GET /api/v1/admin/messages/:message_id': 30,
  'GET /api/v1/admin/pushes': 30,
  'POST /api/v1/admin/break-glass': 10,
  'DELETE /api/v1/admin/break-glass/:grant_id': 30,
  'GET /api/v1/admin/conversations/:conversation_id/messages': 30,
  'GET /api/v1/admin/people/:user_id/export': 60,
  'PUT /api/v1/chat/conversations/:conversation_id/mute': 30,
  'GET /api/v1/chat/conversations/:conversation_id/mute': 60,
  'DELETE /api/v1/chat/conversations/:conversation_id/mute': 30,
  'PUT /api/v1/chat/quiet-hours': 10,
  'GET /api/v1/chat/quiet-hours': 60,
  'DELETE /api/v1/chat/quiet-hours': 10,
}

const list = '/api/v1/chat/conversations'
const standing = ({ headers }: { headers: Headers }) => ({
  limit: Number(headers.get('x-ratelimit-limit')),
  remaining: Number(headers.get('x-ratelimit-remaining')),
  reset: Number(headers.get('x-ratelimit-reset')),
})
/** Lets time pass for the windows of a person: they end in so many milliseconds. */
async function shortenWindows({ id }: Person, ms: number) {
  for (const key of await world.redis.keys(`*limit*${id}*`)) await world.redis.pexpire(key, ms)
}

/** Ten at a time: enough to meet each other, too few to keep this process from reading answers of Redis in time. */
async function inBatches<T>(count: number, call: (n: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (let n = 0; n < count; n += 10)
    answers.push(...(await Promise.all(Array.from({ length: Math.min(10, count - n) }, (_, i) => call(n + i)))))
  return answers
}

test('every operation over REST is in the table', () => {
  const routes = Object.values<Operation>(operations).flatMap(({ rest }) => (rest ? [`${rest.method} ${rest.path}`] : []))
  expect(routes.sort()).toEqual(Object.keys(limits).sort())
})

describe.each(Object.entries(limits))('%s', (route, limit) => {
  test(`is answered ${limit} times a minute, over all instances and tokens, and then refused`, async () => {
    const ann = await world.person('Ann')
    const tokens = [ann.token, forgeToken({ userId: ann.id, exp: secondsFromNow(600) })]
    const [method = '', path = ''] = route.split(' ')
    const url = path.replaceAll(/:\w+/g, () => newUserId())
    // Valid and invalid ones in turn: both count.
    const call = (n: number) => {
      const headers = { authorization: `Bearer ${tokens[n % 3 ? 1 : 0]}` }
      const body = method === 'GET' ? undefined : ['{', '{}', '{"metadata":[],"content":5}'][n % 3]
      return ann.rest(method, n % 2 ? url : `${url}?limit=x&user_ids=x&since=%00`, body, { api: n % 2, headers })
    }
    const answers = await inBatches(limit, call)
    for (const { verdict } of answers) expect(verdict).toMatch(/^(200|201|400|403|404)/)
    expect(answers.map((answer) => standing(answer).remaining).sort((a, b) => a - b)).toEqual(Array.from({ length: limit }, (_, n) => n))
    for (const answer of answers) expectStanding(answer, limit)
    for (const refused of [await call(1), await call(2)]) {
      expect(refused.status === 429 ? refused.verdict : `${refused.verdict} for a call over the limit`).toBe('429 RATE_LIMITED')
      expectStanding(refused, limit)
      expect(standing(refused).remaining).toBe(0)
      const seconds = Number(refused.headers.get('retry-after'))
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(60)
    }
  })
})

function expectStanding(answer: { headers: Headers }, limit: number) {
  const { reset, ...rest } = standing(answer)
  expect(rest.limit).toBe(limit)
  expect(Number.isInteger(reset) && reset > 0 && reset <= 60, `reset ${reset}`).toBe(true)
}

describe('a window', () => {
  test('is of one person and one operation', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    await inBatches(30, () => ann.rest('GET', list))
    expect((await ann.rest('GET', list)).verdict).toBe('429 RATE_LIMITED')
    expect((await ann.rest('GET', `${list}?type=group`)).verdict).toBe('429 RATE_LIMITED')
    expect(await world.redis.get(`chat:limit:list_conversations:${ann.id}`), 'refused calls are not counted').toBe('30')
    expect((await bob.rest('GET', list)).verdict).toBe('200')
    const other = await ann.rest('POST', list, { participant_ids: [bob.id] })
    expect([other.verdict, standing(other).remaining]).toEqual(['201', 19])
  })

  test('lasts 60 s from the first call; neither later calls nor refused ones prolong it', async () => {
    const ann = await world.person('Ann')
    const call = () => ann.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: 't' })
    expect(standing(await call()).reset).toBeGreaterThanOrEqual(59)
    await shortenWindows(ann, 20_000)
    for (let n = 8; n >= 0; n--) {
      const { remaining, reset } = standing(await call())
      expect([remaining, reset > 0 && reset <= 20]).toEqual([n, true])
    }
    const refused = await inBatches(20, call)
    for (const answer of refused) expect([answer.verdict, standing(answer).reset <= 20]).toEqual(['429 RATE_LIMITED', true])
    await shortenWindows(ann, 1)
    const next = await eventually(async () => {
      const answer = await call()
      expect(answer.verdict).toBe('200')
      return standing(answer)
    })
    expect(next).toMatchObject({ limit: 10, remaining: 9 })
    expect(next.reset).toBeGreaterThanOrEqual(59)
  })

  test('counts calls whose body is no JSON, too large or of another type', async () => {
    const ann = await world.person('Ann')
    const bodies: [string, string][] = [
      ['{', 'application/json'],
      ['a=b', 'application/x-www-form-urlencoded'],
      [`"${'x'.repeat(129 * 1024)}"`, 'application/json'],
    ]
    for (const [n, [body, type]] of bodies.entries()) {
      const answer = await ann.rest('POST', list, body, { headers: { 'content-type': type } })
      expect(standing(answer), answer.verdict).toMatchObject({ limit: 20, remaining: 19 - n })
    }
  })

  test('is counted for people, not for calls without a good token or without a route', async () => {
    const ann = await world.person('Ann')
    for (const authorization of ['', 'Bearer x.y.z', `Bearer ${forgeToken({ userId: ann.id, exp: secondsFromNow(-60) })}`]) {
      const answer = await toRestAnswer(await fetch(`${world.apis[0]}${list}`, { headers: { authorization } }))
      expect([answer.status, answer.headers.has('x-ratelimit-limit')]).toEqual([401, false])
    }
    const unknown = await ann.rest('GET', `${list}/x/y/z`)
    expect([unknown.verdict, unknown.headers.has('x-ratelimit-limit')]).toEqual(['404 NOT_FOUND', false])
    expect(standing(await ann.rest('GET', list)).remaining).toBe(29)
  })

  test('of sending and of sync is shared with sockets', async () => {
    const { ann, bob, conversation } = await world.twoPeople()
    const connection = await ann.connect()
    for (let n = 0; n < 30; n++) {
      await connection.get('send_message', { conversationId: conversation.id, content: `${n}` })
      await ann.send(conversation, `${n}`)
    }
    expect((await ann.rest('POST', `${list}/${conversation.id}/messages`, { content: 'x' })).verdict).toBe('429 RATE_LIMITED')
    expect(await connection.refused('send_message', { conversationId: conversation.id, content: 'x' })).toBe('RATE_LIMITED')
    expect((await bob.send(conversation, 'mine')).seq).toBe(61)
    connection.close()
  })
})

describe('the multiplier', () => {
  test.each([
    ['0.1', { list_conversations: 3, register_device: 1 }],
    ['2.5', { list_conversations: 75, register_device: 25 }],
    ['0.001', { list_conversations: 1, register_device: 1 }],
  ] as [string, Partial<Record<OperationName, number>>][])('%s scales every limit', async (RATE_LIMIT_MULTIPLIER, expected) => {
    const scaled = await startWorld({ gateways: 0, env: { RATE_LIMIT_MULTIPLIER } })
    try {
      const ann = await scaled.person('Ann')
      const most = expected.list_conversations ?? 0
      const answers = await inBatches(most + 2, () => ann.rest('GET', list))
      expect(answers.filter(({ verdict }) => verdict === '200')).toHaveLength(most)
      expect(standing(await ann.rest('POST', '/api/v1/auth/fcm-token', { fcm_token: 'x' })).limit).toBe(expected.register_device)
    } finally {
      await scaled.close()
    }
  })
})
