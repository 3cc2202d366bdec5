import { startWorld, toRestAnswer, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// What every answer looks like, whoever asks for whatever.

let world: World
beforeAll(async () => {
  world = await startWorld({ gateways: 0, env: { SOCKET_IO_CORS_ORIGIN: 'https://app.example.org,capacitor://localhost' } })
})
afterAll(() => world.close())

const chat = '/api/v1/chat'
const list = `${chat}/conversations`
const json = 'application/json; charset=utf-8'

const ask = async (path: string, init: RequestInit = {}) => toRestAnswer(await fetch(`${world.apis[0]}${path}`, init))

type Example = [what: string, path: string, init: RequestInit, verdict: string]

function oneOfEach(token: string): Example[] {
  const authorization = `Bearer ${token}`
  const known = { headers: { authorization } }
  const post = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') => ({
    method: 'POST',
    body,
    headers: { authorization, 'content-type': type },
  })
  return [
    ['a success', list, known, '200'],
    ['a wrong field', `${list}?limit=0`, known, '400 VALIDATION_ERROR'],
    ['no token', list, {}, '401 TOKEN_MISSING'],
    ['a bad token', list, { headers: { authorization: 'Bearer a.b.c' } }, '401 TOKEN_INVALID'],
    ['something that is not there', `${list}/${crypto.randomUUID()}`, known, '404 CONVERSATION_NOT_FOUND'],
    ['an unknown route', '/api/v1/nothing', {}, '404 NOT_FOUND'],
    ['an unknown route, with a token', '/api/v1/nothing', known, '404 NOT_FOUND'],
    ['an unknown route, with a body that is no JSON', '/api/v1/nothing', post('{'), '404 NOT_FOUND'],
    ['the root', '/', {}, '404 NOT_FOUND'],
    ['an unknown method', list, { method: 'PUT' }, '404 NOT_FOUND'],
    ['an unknown method, with a token', list, { method: 'DELETE', ...known }, '404 NOT_FOUND'],
    ['a method for another path', `${chat}/presence`, { ...post('{}'), method: 'PATCH' }, '404 NOT_FOUND'],
    ['OPTIONS that is no preflight', list, { method: 'OPTIONS' }, '404 NOT_FOUND'],
    ['a URL that cannot be decoded', `${list}/%E0%A4%A`, known, '400 VALIDATION_ERROR'],
    ['JSON that is cut', list, post('{"participant_ids": ['), '400 VALIDATION_ERROR'],
    ['a text that is no JSON', list, post('hello'), '400 VALIDATION_ERROR'],
    ['bytes that are no UTF-8', list, post(new Uint8Array([0x22, 0xff, 0xfe, 0x22])), '400 VALIDATION_ERROR'],
    ['JSON that is a list', list, post('[1]'), '400 VALIDATION_ERROR'],
    ['JSON that is null', list, post('null'), '400 VALIDATION_ERROR'],
    ['JSON nested without end', list, post(`{"metadata":${'['.repeat(60_000)}${']'.repeat(60_000)}}`), '400 VALIDATION_ERROR'],
    ['a form', list, post('a=b', 'application/x-www-form-urlencoded'), '415 UNSUPPORTED_MEDIA_TYPE'],
    ['plain text', list, post('{}', 'text/plain'), '415 UNSUPPORTED_MEDIA_TYPE'],
    ['a type that only begins like JSON', list, post('{}', 'application/jsonp'), '415 UNSUPPORTED_MEDIA_TYPE'],
    ['JSON in Latin-1', list, post('{}', 'application/json; charset=iso-8859-1'), '415 UNSUPPORTED_MEDIA_TYPE'],
    ['a body over 128 KiB', list, post(`{"a":"${'a'.repeat(128 * 1024)}"}`), '413 PAYLOAD_TOO_LARGE'],
  ]
}

describe('every answer', () => {
  test('is JSON in UTF-8 in the envelope, with a request id and the headers that keep it safe', async () => {
    const ann = await world.person('Ann')
    for (const [what, path, init, verdict] of oneOfEach(ann.token)) {
      const answer = await ask(path, init)
      expect(answer.verdict, what).toBe(verdict)
      expectSafeHeaders(answer.headers, what)
      if (answer.status === 200) expect(Object.keys(answer.body), what).toEqual(['success', 'data'])
      else expectFailure(answer.body, answer.headers, what)
    }
  })

  function expectSafeHeaders(headers: Headers, what: string) {
    expect(headers.get('content-type'), what).toBe(json)
    expect(headers.get('x-request-id'), what).toMatch(/^[\w-]{1,64}$/)
    expect(headers.get('x-content-type-options'), what).toBe('nosniff')
    expect(`${headers.get('x-frame-options')} ${headers.get('content-security-policy')}`, what).toMatch(/DENY|SAMEORIGIN|frame-ancestors/)
    expect(headers.get('cache-control'), what).toBe('no-store')
    expect(headers.has('x-powered-by'), what).toBe(false)
  }

  function expectFailure(body: object, headers: Headers, what: string) {
    expect(body, what).toMatchObject({ success: false, request_id: headers.get('x-request-id') })
    const allowed = ['success', 'code', 'message', 'errors', 'retry_after', 'request_id']
    expect(
      Object.keys(body).filter((key) => !allowed.includes(key)),
      what,
    ).toEqual([])
    expect('message' in body && body.message, what).toMatch(/^[A-Z].+\.$/)
    expect(JSON.stringify(body), what).not.toMatch(/stack|node_modules|select |\.ts:|\.js:|FST_/i)
  }

  test('that is a page does not tell other sites where its reader was, and shares no window with them', async () => {
    for (const path of ['/docs', '/docs/events', '/docs/static/swagger-ui.css']) {
      const { headers } = await fetch(`${world.apis[0]}${path}`)
      expect(headers.get('referrer-policy'), path).toBe('no-referrer')
      expect(headers.get('cross-origin-opener-policy'), path).toBe('same-origin')
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
    }
  })

  test('that has nothing to show carries a message in place of data', async () => {
    const { ann, conversation } = await world.twoPeople()
    const { id } = await ann.send(conversation, 'hi')
    const { body } = await ann.rest('DELETE', `${chat}/messages/${id}`)
    expect(Object.keys(body)).toEqual(['success', 'message'])
    expect(body.message).toMatch(/./)
  })
})

describe('a request id', () => {
  const idOf = async (id: string) => {
    const answer = await ask('/api/v1/nothing', { headers: { 'x-request-id': id } })
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
    return answer.body.request_id
  }

  test.each(['a', 'trace_1-B', 'x'.repeat(64)])('of the client is taken over: %s', async (id) => {
    expect(await idOf(id)).toBe(id)
  })

  test.each(['', 'x'.repeat(65), 'with space', 'a.b', 'a/b', '<script>', 'é', '{}'])('that is not fit is replaced: %s', async (id) => {
    const given = await idOf(id)
    expect(given).not.toBe(id)
    expect(given).toMatch(/^[\w-]{1,64}$/)
  })

  test('is new for every request and stands on successes too', async () => {
    const ann = await world.person('Ann')
    const answers = [await ann.rest('GET', list), await ann.rest('GET', list)]
    expect(new Set(answers.map((answer) => answer.headers.get('x-request-id'))).size).toBe(2)
    const own = await ann.rest('GET', list, undefined, { headers: { 'x-request-id': 'mine-1' } })
    expect(own.headers.get('x-request-id')).toBe('mine-1')
  })
})

describe('a body', () => {
  test.each(['application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'text/plain', 'not a type'])(
    'that is empty is no body, whatever its content type says: %s',
    async (type) => {
      const { ann, conversation } = await world.twoPeople()
      const { id } = await ann.send(conversation, 'hi')
      const headers = { 'content-type': type }
      expect((await ann.rest('DELETE', `${chat}/messages/${id}`, undefined, { headers })).verdict).toBe('200')
      expect((await ann.rest('GET', `${list}/${conversation.id}`, undefined, { headers })).verdict).toBe('200')
      expect((await ann.rest('POST', `${list}/${conversation.id}/read`, '', { headers })).paths).toEqual(['message_ids'])
    },
  )

  test.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'of JSON is read as %s',
    async (type) => {
      const [ann, bob] = await world.people('Ann', 'Bob')
      const answer = await ann.rest('POST', list, { participant_ids: [bob.id] }, { headers: { 'content-type': type } })
      expect(answer.verdict).toBe('201')
    },
  )

  test('may have exactly 128 KiB', async () => {
    const [ann, bob] = await world.people('Ann', 'Bob')
    const bodyOf = (bytes: number) => {
      const start = `{"participant_ids":["${bob.id}"],"ignored":"`
      return `${start}${'a'.repeat(bytes - start.length - 2)}"}`
    }
    expect((await ann.rest('POST', list, bodyOf(128 * 1024))).verdict).toBe('201')
    expect((await ann.rest('POST', list, bodyOf(128 * 1024 + 1))).verdict).toBe('413 PAYLOAD_TOO_LARGE')
  })
})

describe('a web page', () => {
  const preflight = (origin: string) =>
    fetch(`${world.apis[0]}${list}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    })

  test.each(['https://app.example.org', 'capacitor://localhost'])('of a configured origin may ask: %s', async (origin) => {
    const { ok, headers } = await preflight(origin)
    expect(ok).toBe(true)
    expect(headers.get('access-control-allow-origin')).toBe(origin)
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) expect(headers.get('access-control-allow-methods')).toContain(method)
    expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization')
    // A page that may not read failures could not tell an expired token from an outage.
    const refused = await ask(list, { headers: { origin } })
    expect([refused.verdict, refused.headers.get('access-control-allow-origin')]).toEqual(['401 TOKEN_MISSING', origin])
  })

  test.each(['https://evil.example.org', 'https://app.example.org.evil.org', 'http://app.example.org', 'null'])(
    'of another origin may not: %s',
    async (origin) => {
      for (const { headers } of [await preflight(origin), await ask(list, { headers: { origin } })]) {
        expect([origin, '*']).not.toContain(headers.get('access-control-allow-origin'))
        expect(headers.has('access-control-allow-credentials')).toBe(false)
      }
    },
  )
})
