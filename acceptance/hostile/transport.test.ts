import { gzipSync } from 'node:zlib'
import { forgeToken, secondsFromNow, eventually, newUserId, startWorld, toRestAnswer, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openHttp, statusesIn } from './raw-http.js'

// HTTP as no client speaks it: slowly, twice at once, in the wrong words. Both services end it, and serve others meanwhile.

let world: World
let ann: Person
let conversation: { id: string }
beforeAll(async () => {
  world = await startWorld()
  ;({ ann, conversation } = await world.twoPeople())
})
afterAll(() => world.close())

const list = '/api/v1/chat/conversations'
const messages = () => `${list}/${conversation.id}/messages`
const services = [
  ['the API', () => world.apis[0] ?? ''],
  ['the gateway', () => world.gateways[0] ?? ''],
] as const
const head = (more: string[] = [], line = `GET ${list} HTTP/1.1`) =>
  [line, 'host: x', `authorization: Bearer ${ann.token}`, ...more, '', ''].join('\r\n')

test(
  'whoever sends a head or a body without ever finishing it is ended, and others are served meanwhile',
  { timeout: 60_000 },
  async () => {
    await Promise.all(services.map(([, url]) => endsSlowSenders(url())))
  },
)

async function endsSlowSenders(url: string): Promise<void> {
  const [slowHead, silent, slowBody] = await Promise.all([openHttp(url), openHttp(url), openHttp(url)])
  slowHead.write('GET / HTTP/1.1\r\nhost: x\r\n')
  slowBody.write(head(['content-type: application/json', 'content-length: 100000'], `POST ${messages()} HTTP/1.1`))
  const dripping = setInterval(() => {
    slowHead.write('x: y\r\n')
    slowBody.write(' ')
  }, 500)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const [tooSlow] = await Promise.all([slowHead.closed(25_000), silent.closed(25_000)])
  expect(statusesIn(tooSlow)).toEqual([408])
  // The gateway has no use for a body, and has answered long before.
  await slowBody.closed(25_000)
  expect([[408], [404], [404, 408]]).toContainEqual(statusesIn(slowBody.heard()))
  clearInterval(dripping)
}

describe.each(services)('%s', (_name, url) => {
  test.each<[what: string, request: string, ...statuses: number[]]>([
    ['a head of 100 KB', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['ten thousand headers', `GET / HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(10_000)}\r\n`, 431],
    ['both a length and chunks', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd', 400],
    ['a length that is none', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\nabcd', 400],
    ['chunks under another name', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n', 400, 404],
    ['a space before a colon', 'GET / HTTP/1.1\r\nhost: x\r\ncontent-length : 0\r\n\r\n', 400],
    ['a header on two lines', 'GET / HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n', 400],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 400],
    ['NUL in the path', 'GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  ])('refuses %s, and closes', async (_, request, ...statuses) => {
    const raw = await openHttp(url())
    raw.write(request)
    const [first] = statusesIn(await raw.closed())
    expect(statuses).toContain(first)
  })

  test('does not take what follows a refused request for another one', async () => {
    const raw = await openHttp(url())
    const smuggled = head()
    raw.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${smuggled.length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`)
    expect(statusesIn(await raw.closed())).toEqual([400])
  })
})

test('requests sent without waiting for answers are each counted', async () => {
  const limited = await startWorld({ gateways: 0, env: { RATE_LIMIT_MULTIPLIER: '1' } })
  const { token } = await limited.person('Ann')
  const raw = await openHttp(limited.apis[0] ?? '')
  const request = ['GET /api/v1/chat/sync HTTP/1.1', 'host: x', `authorization: Bearer ${token}`, '', ''].join('\r\n')
  for (let i = 0; i < 300; i++) raw.write(request)
  await eventually(() => expect(statusesIn(raw.heard())).toHaveLength(300), 15_000)
  const statuses = statusesIn(raw.heard())
  expect(statuses.filter((status) => status === 200)).toHaveLength(60)
  expect(statuses.filter((status) => status === 429)).toHaveLength(240)
  raw.end()
  await limited.close()
})

describe('a request', () => {
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, url = world.apis[0] ?? '') => {
    const raw = await openHttp(url)
    raw.write(
      [`${method} ${path} HTTP/1.1`, 'host: x', 'connection: close', ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`), '', ''].join(
        '\r\n',
      ),
    )
    return statusesIn(await raw.closed())[0]
  }
  const authorization = () => ({ authorization: `Bearer ${ann.token}` })

  test.each(['PUT', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])(
    'of another method (%s) does nothing, with a token and without',
    async (method) => {
      for (const headers of [{}, authorization()]) expect([400, 404]).toContain(await ask(method, list, headers))
    },
  )

  test('cannot change its method by a header or a field', async () => {
    const { id } = await ann.send(conversation, 'stays')
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
      await ask('GET', `/api/v1/chat/messages/${id}/receipts?_method=DELETE`, { ...authorization(), [name]: 'DELETE' })
    expect((await ann.history(conversation)).map((message) => message.id)).toContain(id)
  })

  test.each([
    '/api/v1//chat/conversations',
    '/API/V1/chat/conversations',
    '/api/v1/chat/conversations/',
    '/api/v1/chat/./conversations',
    '/api/v1/x/../chat/conversations',
    '/api/v1/chat%2fconversations',
    '/api/v1/%2e%2e/v1/chat/conversations',
    '/api/v1/chat/conversations;x=1',
    '\\api\\v1\\chat\\conversations',
  ])('by another spelling of the path is let in by nothing: %s', async (path) => {
    expect([400, 401, 404]).toContain(await ask('GET', path))
    expect([400, 404]).toContain(await ask('GET', path, authorization()))
  })

  test.each([
    '/metrics',
    '/documentation',
    '/admin',
    '/admin/queues',
    '/api/v1/admin',
    '/.env',
    '/.git/config',
    '/package.json',
    '/server-status',
    '/api/v1/push/test',
    '/internal/emit',
    '/socket.io/',
  ])('for what is not there finds nothing, at either service: %s', async (path) => {
    for (const headers of [{}, authorization()])
      for (const [name, url] of services)
        // The gateway's own path, asked for as no client asks.
        expect(await ask('GET', path, headers, url()), name).toBe(name === 'the gateway' && path === '/socket.io/' ? 400 : 404)
  })

  test.each([
    'page=1&page=2',
    'page[a]=1',
    'page=',
    'page=1e2',
    'page=0x10',
    'page=%205',
    'page=%EF%BC%95',
    'page=NaN',
    'page=99999999999999999999',
    'limit=51',
    'limit=-1',
    'type=__proto__',
    'type=direct&type=group',
    'type=',
    'cursor=',
    'cursor=a&cursor=b',
  ])('with odd parameters is refused: %s', async (query) => {
    const { verdict } = await ann.rest('GET', `${list}?${query}`)
    // Brackets make another name, which nobody knows.
    expect(verdict).toBe(query.includes('[') ? '200' : '400 VALIDATION_ERROR')
  })

  test.each([
    '%',
    '%zz',
    '%c0%af',
    '%ff',
    '%00',
    '%ed%a0%80',
    newUserId().replaceAll('-', ''),
    `{${newUserId()}}`,
    `${newUserId()}%20`,
    newUserId().replace(/[0-9]/, '%D9%A3'),
    '１',
  ])('with a path that is no id is refused: %s', async (id) => {
    expect(
      await ask('GET', `${list}/${encodeURI(decodeURIComponent(encodeURIComponent(id))).replaceAll('%25', '%')}`, authorization()),
    ).toBe(400)
  })

  test('has its own answer, whatever a cache asks for', async () => {
    const answer = await fetch(`${world.apis[0]}${list}`, {
      headers: { ...authorization(), 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() },
    })
    expect([answer.status, answer.headers.get('etag'), answer.headers.get('cache-control')]).toEqual([200, null, 'no-store'])
  })
})

describe('a body', () => {
  const send = async (body: string | Buffer, headers: Record<string, string>) =>
    (
      await toRestAnswer(
        await fetch(`${world.apis[0]}${messages()}`, {
          method: 'POST',
          body,
          headers: { authorization: `Bearer ${ann.token}`, ...headers },
        }),
      )
    ).verdict

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json garbage',
    'application/jsonp',
    'application/json+x',
    'text/json',
    'application/json;charset=utf-7',
    'application/json; charset=latin1',
    'application/json\tx',
    'APPLICATION/XML',
  ])('of the type %s is none that can be read', async (type) => {
    expect(await send('{"content":"x"}', { 'content-type': type })).toBe('415 UNSUPPORTED_MEDIA_TYPE')
  })

  test.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'x'])('in the encoding %s is not unpacked', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(1_000_000))
    expect(await send(bomb, { 'content-type': 'application/json', 'content-encoding': encoding })).toBe('415 UNSUPPORTED_MEDIA_TYPE')
  })

  test.each<[what: string, body: string | Buffer]>([
    ['is cut', '{"content":"x"'],
    ['has a comma too many', '{"content":"x",}'],
    ['begins with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"content":"x"')])],
    ['has a comment', '{"content":"x"/**/}'],
    ['has numbers that are none', '{"content":"x","metadata":{"a":NaN}}'],
    ['is of another encoding', Buffer.from('{"content":"é"}', 'latin1')],
    ['is in UTF-16', Buffer.from('{"content":"x"}', 'utf16le')],
    ['is too long for UTF-8', Buffer.concat([Buffer.from('{"content":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])],
    ['is two', '{"content":"x"}{"content":"y"}'],
    ['is a list', '[{"content":"x"}]'],
    ['is a text', '"x"'],
    ['is null', 'null'],
  ])('that %s is refused', async (_, body) => {
    expect(await send(body, { 'content-type': 'application/json' })).toBe('400 VALIDATION_ERROR')
  })

  test('of two megabytes is refused, and its connection can be used again', async () => {
    expect(await send('x'.repeat(2_000_000), { 'content-type': 'application/json' })).toBe('413 PAYLOAD_TOO_LARGE')
    expect(await send('{"content":"x"}', { 'content-type': 'application/json' })).toBe('201')
  })
})

test('no limit is passed by saying to come from elsewhere, by other methods, or by other spellings of a token’s person', async () => {
  const limited = await startWorld({ apis: 2, env: { RATE_LIMIT_MULTIPLIER: '1' } })
  const eve = await limited.person('Eve')
  const odd = (n: number) => ({
    'x-forwarded-for': `10.0.0.${n}`,
    forwarded: `for=10.0.0.${n}`,
    'x-real-ip': `10.0.0.${n}`,
    'x-client-ip': `${n}`,
  })
  for (let n = 0; n < 30; n++) await eve.rest('GET', list, undefined, { api: n % 2, headers: odd(n) })
  expect((await eve.rest('GET', list, undefined, { headers: odd(99) })).verdict).toBe('429 RATE_LIMITED')
  for (const path of [`${list}?x=1`, `${list}?page=2`, `${list}?limit=3`])
    expect((await eve.rest('GET', path)).verdict).toBe('429 RATE_LIMITED')
  const exp = secondsFromNow(60)
  for (const claims of [{ userId: eve.id.toUpperCase() }, { sub: eve.id }, { sub: eve.id.toUpperCase(), userId: eve.id, role: 'admin' }]) {
    const headers = { authorization: `Bearer ${forgeToken({ ...claims, exp })}` }
    expect((await toRestAnswer(await fetch(`${limited.apis[1]}${list}`, { headers }))).verdict).toBe('429 RATE_LIMITED')
  }
  for (const method of ['HEAD', 'OPTIONS', 'PUT'])
    expect((await fetch(`${limited.apis[0]}${list}`, { method, headers: { authorization: `Bearer ${eve.token}` } })).status).toBe(404)
  await limited.close()
})
