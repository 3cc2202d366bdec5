import { createHmac, generateKeyPairSync, sign as signDirectly, type KeyObject } from 'node:crypto'

export const SECRET = 'a secret of the platform, 32 bytes+'
export const ANN = '0190a6c1-7f3e-7a52-9d5b-3f1c2e4d5a6b'
export const BOB = '0190a6c1-7f3e-7a52-9d5b-3f1c2e4d5a6c'

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export const nowS = () => Math.floor(Date.now() / 1000)
export const goodClaims = (extra: object = {}) => ({ userId: ANN, iat: nowS(), exp: nowS() + 3600, ...extra })
export const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

/** Makes any token whatever, sound or not: no library with rules of its own stands in between. */
export function makeToken(
  payload: object | string,
  options: { header?: { alg?: string | undefined; [name: string]: unknown }; key?: string | KeyObject } = {},
): string {
  const header: typeof options.header = { alg: 'HS256', typ: 'JWT', ...options.header }
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signature(header.alg ?? 'HS256', input, options.key ?? SECRET)}`
}

export function encode(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

function signature(alg: string, input: string, key: string | KeyObject): string {
  const hash = `sha${alg.slice(2)}`
  if (typeof key === 'string')
    return createHmac(hash.match(/^sha\d+$/) ? hash : 'sha256', key)
      .update(input)
      .digest('base64url')
  return signDirectly(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

type Verdict = 'good' | 'TOKEN_MISSING' | 'TOKEN_INVALID' | 'TOKEN_EXPIRED'

/** Tokens and what a service that accepts HS256 with `SECRET` says to them. */
export function tokenCorpus(): [name: string, verdict: Verdict, token: unknown][] {
  return [...soundTokens(), ...forgedTokens(), ...tokensWithOddDates(), ...tokensOfOddPeople(), ...malformedTokens()]
}

function soundTokens(): ReturnType<typeof tokenCorpus> {
  return [
    ['a plain token', 'good', makeToken(goodClaims())],
    ['sub in place of userId', 'good', makeToken({ sub: ANN, exp: nowS() + 60 })],
    ['both, spelled differently', 'good', makeToken(goodClaims({ sub: ANN.toUpperCase() }))],
    ['type access', 'good', makeToken(goodClaims({ type: 'access' }))],
    ['type null', 'good', makeToken(goodClaims({ type: null }))],
    ['a role', 'good', makeToken(goodClaims({ role: 'admin' }))],
    ['role null', 'good', makeToken(goodClaims({ role: null }))],
    ['expired within the leeway', 'good', makeToken(goodClaims({ exp: nowS() - 1 }))],
    ['nbf within the leeway', 'good', makeToken(goodClaims({ nbf: nowS() + 3 }))],
    ['a fractional exp', 'good', makeToken(goodClaims({ exp: nowS() + 60.5 }))],
    ['unknown claims', 'good', makeToken(goodClaims({ name: 'Ann', scope: ['chat'] }))],
    [
      'jku, jwk and x5u that nobody asks',
      'good',
      makeToken(goodClaims(), { header: { jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' } }),
    ],
    ['a kid that nobody opens', 'good', makeToken(goodClaims(), { header: { kid: '../../../dev/null' } })],
    ['a kid that nobody asks a database for', 'good', makeToken(goodClaims(), { header: { kid: `' or 1=1; drop table users; --` } })],
    ['an exp in the year 9999', 'good', makeToken(goodClaims({ exp: 253_402_300_799 }))],
  ]
}

function forgedTokens(): ReturnType<typeof tokenCorpus> {
  const good = makeToken(goodClaims())
  const [header = '', payload = '', signature = ''] = good.split('.')
  const none = (alg: string) => `${encode({ alg, typ: 'JWT' })}.${payload}.`
  const hmacWith = (key: string) => makeToken(goodClaims(), { key })
  return [
    ['alg none', 'TOKEN_INVALID', none('none')],
    ['alg None', 'TOKEN_INVALID', none('None')],
    ['alg nOnE', 'TOKEN_INVALID', none('nOnE')],
    ['alg none with a signature', 'TOKEN_INVALID', none('none') + signature],
    ['an empty signature', 'TOKEN_INVALID', `${header}.${payload}.`],
    ['HS384 with the right secret', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { alg: 'HS384' } })],
    ['HS512 with the right secret', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { alg: 'HS512' } })],
    ['RS256', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { alg: 'RS256' }, key: rsa.privateKey })],
    ['alg missing', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { alg: undefined } })],
    ['alg as a list', 'TOKEN_INVALID', `${encode({ alg: ['HS256'] })}.${payload}.${signature}`],
    ['another secret', 'TOKEN_INVALID', hmacWith('another secret')],
    ['an empty secret', 'TOKEN_INVALID', hmacWith('')],
    ['the signature of another token', 'TOKEN_INVALID', `${header}.${encode(goodClaims({ role: 'admin' }))}.${signature}`],
    ['a flipped bit', 'TOKEN_INVALID', `${header}.${flip(payload)}.${signature}`],
    ['an RSA public key as the secret', 'TOKEN_INVALID', hmacWith(spki(rsa.publicKey))],
    ['a key of its own in the header', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { jwk: { kty: 'oct', k: 'YQ' } }, key: 'a' })],
    ['an empty file as the key', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { kid: '/dev/null' }, key: '' })],
    ['an unknown crit', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { crit: ['x'], x: 1 } })],
    ['crit b64', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { crit: ['b64'], b64: false } })],
    ['an empty crit', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { crit: [] } })],
    ['crit null', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { crit: null } })],
    ['crit as text', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { crit: 'exp' } })],
  ]
}

function tokensWithOddDates(): ReturnType<typeof tokenCorpus> {
  const withClaims = (json: string) => makeToken(`{"userId":"${ANN}",${json}}`)
  return [
    ['expired beyond the leeway', 'TOKEN_EXPIRED', makeToken(goodClaims({ exp: nowS() - 6 }))],
    ['exp 0', 'TOKEN_EXPIRED', makeToken(goodClaims({ exp: 0 }))],
    ['a negative exp', 'TOKEN_EXPIRED', makeToken(goodClaims({ exp: -1 }))],
    ['no exp', 'TOKEN_INVALID', makeToken(goodClaims({ exp: undefined }))],
    ['exp null', 'TOKEN_INVALID', makeToken(goodClaims({ exp: null }))],
    ['exp as text', 'TOKEN_INVALID', makeToken(goodClaims({ exp: String(nowS() + 60) }))],
    ['exp as a list', 'TOKEN_INVALID', makeToken(goodClaims({ exp: [nowS() + 60] }))],
    ['exp 1e400', 'TOKEN_INVALID', withClaims('"exp":1e400')],
    ['exp -1e400', 'TOKEN_INVALID', withClaims('"exp":-1e400')],
    ['exp -1e300', 'TOKEN_INVALID', withClaims('"exp":-1e300')],
    ['exp 1e300', 'TOKEN_INVALID', withClaims('"exp":1e300')],
    ['exp NaN', 'TOKEN_INVALID', withClaims('"exp":NaN')],
    ['nbf in the future', 'TOKEN_INVALID', makeToken(goodClaims({ nbf: nowS() + 60 }))],
    ['nbf as text', 'TOKEN_INVALID', makeToken(goodClaims({ nbf: 'now' }))],
    ['nbf null', 'TOKEN_INVALID', makeToken(goodClaims({ nbf: null }))],
    ['nbf -1e400', 'TOKEN_INVALID', withClaims(`"exp":${nowS() + 60},"nbf":-1e400`)],
    ['iat in the future', 'TOKEN_INVALID', makeToken(goodClaims({ iat: nowS() + 60 }))],
    ['iat as text', 'TOKEN_INVALID', makeToken(goodClaims({ iat: 'now' }))],
  ]
}

function tokensOfOddPeople(): ReturnType<typeof tokenCorpus> {
  const oddIds: unknown[] = [
    undefined,
    null,
    '',
    1,
    true,
    {},
    { toString: 'x' },
    [ANN],
    'ann',
    `${ANN}\n`,
    ` ${ANN}`,
    `{${ANN}}`,
    ANN.replaceAll('-', ''),
  ]
  return [
    ...oddIds.map((userId) => [`userId ${JSON.stringify(userId)}`, 'TOKEN_INVALID', makeToken(goodClaims({ userId }))] as const),
    ['userId null beside a sub', 'TOKEN_INVALID', makeToken(goodClaims({ userId: null, sub: ANN }))],
    ['another sub', 'TOKEN_INVALID', makeToken(goodClaims({ sub: BOB }))],
    ['a sub that is no UUID', 'TOKEN_INVALID', makeToken(goodClaims({ sub: 'ann' }))],
    ['the last of two userIds counts', 'TOKEN_INVALID', makeToken(`{"userId":"${ANN}","userId":7,"exp":${nowS() + 60}}`)],
    ['a userId that is a query', 'TOKEN_INVALID', makeToken(goodClaims({ userId: `' or '1'='1` }))],
    ['a userId with NUL', 'TOKEN_INVALID', makeToken(goodClaims({ userId: `${ANN.slice(0, -1)}\u0000` }))],
    ['a userId in digits of another script', 'TOKEN_INVALID', makeToken(goodClaims({ userId: ANN.replace('0', '٠') }))],
    ['a token to reset a password', 'TOKEN_INVALID', makeToken(goodClaims({ type: 'password_reset' }))],
    ['an ID token', 'TOKEN_INVALID', makeToken(goodClaims({ type: 'id' }))],
    ['a refresh token', 'TOKEN_INVALID', makeToken(goodClaims({ type: 'refresh' }))],
    ['type as a list', 'TOKEN_INVALID', makeToken(goodClaims({ type: ['access'] }))],
    ['an empty type', 'TOKEN_INVALID', makeToken(goodClaims({ type: '' }))],
    ['role as a list', 'TOKEN_INVALID', makeToken(goodClaims({ role: ['admin'] }))],
    ['role as a number', 'TOKEN_INVALID', makeToken(goodClaims({ role: 1 }))],
  ].map(([name, verdict, token]) => [String(name), verdict as Verdict, token])
}

function malformedTokens(): ReturnType<typeof tokenCorpus> {
  const [header = '', payload = '', signature = ''] = makeToken(goodClaims()).split('.')
  return [
    ['nothing', 'TOKEN_MISSING', undefined],
    ['null', 'TOKEN_MISSING', null],
    ['empty text', 'TOKEN_MISSING', ''],
    ['a number', 'TOKEN_INVALID', 5],
    ['an object', 'TOKEN_INVALID', { toString: () => makeToken(goodClaims()) }],
    ['a list', 'TOKEN_INVALID', [makeToken(goodClaims())]],
    ['a buffer', 'TOKEN_INVALID', Buffer.from(makeToken(goodClaims()))],
    ['a function', 'TOKEN_INVALID', () => makeToken(goodClaims())],
    ['1 MB', 'TOKEN_INVALID', 'a'.repeat(1_000_000)],
    ['a good one of more than 8 KiB', 'TOKEN_INVALID', makeToken(goodClaims({ pad: 'x'.repeat(9000) }))],
    ['64 KB', 'TOKEN_INVALID', makeToken(goodClaims({ pad: 'x'.repeat(48_000) }))],
    ['a payload without end', 'TOKEN_INVALID', makeToken('['.repeat(5000))],
    ['a word', 'TOKEN_INVALID', 'token'],
    ['dots', 'TOKEN_INVALID', '..'],
    ['two parts', 'TOKEN_INVALID', `${header}.${payload}`],
    ['four parts', 'TOKEN_INVALID', `${header}.${payload}.${signature}.x`],
    ['five parts, as an encrypted one', 'TOKEN_INVALID', `${header}.x.x.${payload}.${signature}`],
    ['white space around', 'TOKEN_INVALID', ` ${header}.${payload}.${signature}`],
    ['padding', 'TOKEN_INVALID', `${header}.${payload}.${signature}=`],
    ['a payload that is a list', 'TOKEN_INVALID', makeToken([])],
    ['a payload that is text', 'TOKEN_INVALID', makeToken('"x"')],
    ['a payload that is not JSON', 'TOKEN_INVALID', makeToken('{')],
    ['a header that is a list', 'TOKEN_INVALID', `${encode([])}.${payload}.${signature}`],
    ['a header that is not JSON', 'TOKEN_INVALID', `${encode('{')}.${payload}.${signature}`],
    ['a kid of 10 KB', 'TOKEN_INVALID', makeToken(goodClaims(), { header: { kid: 'k'.repeat(10_000) } })],
    ['a payload with __proto__', 'TOKEN_INVALID', makeToken(`{"__proto__":{"userId":"${ANN}"},"exp":${nowS() + 60}}`)],
  ]
}

function flip(text: string): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[12] = (bytes[12] ?? 0) ^ 1
  return bytes.toString('base64url')
}
