import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig, type Environment } from '../src/index.js'

const SECRET = 'a secret that has at least 32 bytes'
const MINIMAL = { DATABASE_URL: 'postgres://chat:pw@db:5432/chat', REDIS_URL: 'redis://redis:6379', JWT_SECRET: SECRET }

describe('a minimal environment', () => {
  test('gives the defaults of the contract', () => {
    expect(readConfig(MINIMAL)).toEqual({
      databaseUrl: MINIMAL.DATABASE_URL,
      databasePoolMax: 10,
      redisUrl: MINIMAL.REDIS_URL,
      eventForm: 'batched',
      host: '0.0.0.0',
      port: 3000,
      logLevel: 'info',
      production: false,
      jwt: { secret: SECRET, expiresInMs: 7 * 24 * 3600 * 1000 },
      rateLimitMultiplier: 1,
      corsOrigins: [],
      trustedProxyHops: 0,
      socket: {
        idleTimeoutMs: 0,
        pingTimeoutMs: 60_000,
        pingIntervalMs: 25_000,
        transports: ['websocket'],
        connectionsPerUserMax: 20,
        connectionsPerAddressMax: 20_000,
      },
      chat: { messageLengthMax: 5000, conversationPageSize: 20, messagePageSize: 50, isReadByPrevious: false },
      presenceGraceMs: 2000,
      push: {
        transport: 'off',
        content: 'full',
        worker: true,
        confirmMs: 5000,
        expiresMs: 86_400_000,
        callTimeoutMs: 20_000,
        perSecond: 500,
        badgeUpdates: true,
        mentionsPassMute: false,
      },
      contentEncryption: { seals: false, keys: [] },
      retention: { days: { direct: 0, group: 0, channel: 0 }, intervalMs: 3_600_000 },
      cache: true,
      auditSends: true,
      shutdownTimeoutMs: 10_000,
      gatewayDrainMs: 5000,
    })
  })

  test.each([
    [{ WIRE_VERSION: 'previous' }, 'plain'],
    [{ REDIS_ADAPTER: 'sharded' }, 'sharded'],
    [{ REDIS_ADAPTER: 'sharded', WIRE_VERSION: 'previous' }, 'sharded'],
  ])('tells events otherwise where %j', (env, eventForm) => {
    expect(readConfig({ ...MINIMAL, ...env })).toMatchObject({ eventForm })
  })

  test('may name a replica', () => {
    const url = 'postgres://chat:pw@replica:5432/chat'
    expect(readConfig({ ...MINIMAL, DATABASE_REPLICA_URL: url })).toMatchObject({ databaseReplicaUrl: url })
    expect(() => readConfig({ ...MINIMAL, DATABASE_REPLICA_URL: 'replica' })).toThrow('DATABASE_REPLICA_URL: must be a URL')
  })

  test('counts an empty value as absent', () => {
    expect(readConfig({ ...MINIMAL, PORT: '', JWT_ISSUER: ' ', JWT_PUBLIC_KEY: '' })).toEqual(readConfig(MINIMAL))
  })

  test('cannot be changed afterwards', () => {
    const config = readConfig(MINIMAL)
    expect(() => Object.assign(config.socket, { pingTimeoutMs: 1 })).toThrow(TypeError)
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError)
  })
})

test('every problem is reported at once, each on a line that names its variable', () => {
  expect(problemsOf({ PORT: 'http', LOG_LEVEL: 'loud', NODE_ENV: 'production' })).toEqual([
    'DATABASE_URL: is missing',
    'REDIS_URL: is missing',
    'PORT: must be an integer from 0 to 65535, but is "http"',
    'LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent, but is "loud"',
    'JWT_SECRET: is missing (or set JWT_PUBLIC_KEY or JWT_JWKS_URL instead)',
  ])
})

test('encryption without a look at the certificate is refused, and so is an authority that is not there', () => {
  const database = (query: string) => ({ ...MINIMAL, DATABASE_URL: `${MINIMAL.DATABASE_URL}?${query}` })
  for (const mode of ['require', 'prefer', 'no-verify', 'verify-ca'])
    expect(() => readConfig(database(`sslmode=${mode}`))).toThrow(
      `DATABASE_URL: sslmode must be verify-full (or disable), but is "${mode}"`,
    )
  expect(() => readConfig(database('sslmode=verify-full&sslrootcert=/nowhere.crt'))).toThrow('DATABASE_URL: /nowhere.crt cannot be read')
  expect(() => readConfig({ ...MINIMAL, NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toThrow('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0')
  expect(() => readConfig({ ...MINIMAL, REDIS_URL: 'rediss://r:6379', REDIS_CA_FILE: '/nowhere.crt' })).toThrow(
    'REDIS_CA_FILE: /nowhere.crt cannot be read',
  )
  expect(() => readConfig({ ...MINIMAL, REDIS_CA_FILE: '/nowhere.crt' })).toThrow('but REDIS_URL does not begin with rediss://')
  expect(() => readConfig({ ...MINIMAL, DATABASE_REPLICA_URL: 'postgres://replica/chat?sslmode=require' })).toThrow(
    'DATABASE_REPLICA_URL: sslmode must be verify-full',
  )
  expect(readConfig(database('sslmode=verify-full')).databaseUrl).toContain('verify-full')
})

describe('encryption of content', () => {
  const key = (bytes = 32) => Buffer.alloc(bytes, 7).toString('base64')

  test('has named keys of 32 bytes, a module, or both', () => {
    const env = {
      ...MINIMAL,
      CONTENT_ENCRYPTION: 'on',
      CONTENT_KEYS: ` 2026-11:${key()} , 2026-05:${key()}`,
      CONTENT_KEY_MODULE: '/etc/keys.mjs',
    }
    const keys = ['2026-11', '2026-05'].map((name) => ({ name, secret: key() }))
    expect(readConfig(env).contentEncryption).toEqual({ seals: true, keys, modulePath: '/etc/keys.mjs' })
  })

  test.each([
    [{ CONTENT_ENCRYPTION: 'on' }, 'CONTENT_KEYS: is missing (or set CONTENT_KEY_MODULE), but CONTENT_ENCRYPTION is on'],
    [{ CONTENT_ENCRYPTION: 'yes' }, 'CONTENT_ENCRYPTION: must be one of on, off, but is "yes"'],
    [{ CONTENT_KEYS: `a:${key(16)}` }, 'CONTENT_KEYS: key 1 must be 32 bytes in base64 (openssl rand -base64 32), but has 16'],
    [
      { CONTENT_KEYS: `a:${key()},${key()}` },
      'CONTENT_KEYS: key 2 must be name:base64, the name of 1 to 64 letters, digits, dots, hyphens and underscores',
    ],
    [{ CONTENT_KEYS: `a:${key()},a:${key()}` }, 'CONTENT_KEYS: has two keys of the name "a"'],
  ])('%j is one problem', (env, problem) => {
    expect(problemsOf({ ...MINIMAL, ...env })).toEqual([problem])
  })
})

test('a drain must fit into the shutdown, and does by itself', () => {
  expect(readConfig({ ...MINIMAL, SHUTDOWN_TIMEOUT_MS: '3000' }).gatewayDrainMs).toBe(1500)
  expect(readConfig({ ...MINIMAL, GATEWAY_DRAIN_MS: '0' }).gatewayDrainMs).toBe(0)
  expect(() => readConfig({ ...MINIMAL, GATEWAY_DRAIN_MS: '8001' })).toThrow(
    'GATEWAY_DRAIN_MS: must be at most 8000, four fifths of SHUTDOWN_TIMEOUT_MS, but is "8001"',
  )
})

describe('well-formed values', () => {
  test.each<[string, string, (config: ReturnType<typeof readConfig>) => unknown, unknown]>([
    ['PORT', '0', (config) => config.port, 0],
    ['JWT_EXPIRES_IN', '1h', (config) => config.jwt.expiresInMs, 3_600_000],
    ['JWT_EXPIRES_IN', '15m', (config) => config.jwt.expiresInMs, 900_000],
    ['JWT_EXPIRES_IN', '900s', (config) => config.jwt.expiresInMs, 900_000],
    ['JWT_EXPIRES_IN', '900', (config) => config.jwt.expiresInMs, 900_000],
    ['SOCKET_IO_TRANSPORTS', 'polling, websocket', (config) => config.socket.transports, ['websocket', 'polling']],
    [
      'SOCKET_IO_CORS_ORIGIN',
      'http://localhost:3000, capacitor://localhost',
      (config) => config.corsOrigins,
      ['http://localhost:3000', 'capacitor://localhost'],
    ],
    ['SOCKET_IO_CORS_ORIGIN', '*', (config) => config.corsOrigins, ['*']],
    ['RATE_LIMIT_MULTIPLIER', '0.5', (config) => config.rateLimitMultiplier, 0.5],
    ['CHAT_CACHE', 'off', (config) => config.cache, false],
    ['GATEWAY_CONNECTIONS_MAX', '5000', (config) => config.socket.connectionsMax, 5000],
    ['PUSH_CONTENT', 'generic', (config) => config.push.content, 'generic'],
    ['PRESENCE_GRACE_MS', '0', (config) => config.presenceGraceMs, 0],
    [
      'DATABASE_URL',
      'postgresql:///chat?host=/var/run/postgresql',
      (config) => config.databaseUrl,
      'postgresql:///chat?host=/var/run/postgresql',
    ],
  ])('%s=%s', (name, value, read, expected) => {
    expect(read(readConfig({ ...MINIMAL, [name]: value }))).toEqual(expected)
  })

  test('FIREBASE_*', () => {
    const env = { ...MINIMAL, FIREBASE_PROJECT_ID: 'clinic', FIREBASE_PRIVATE_KEY_PATH: './key.json' }
    expect(readConfig(env).push.firebase).toEqual({ projectId: 'clinic', privateKeyPath: './key.json' })
  })
})

describe('malformed values', () => {
  test.each([
    ['DATABASE_URL', 'mysql://db/chat'],
    ['DATABASE_URL', 'db:5432'],
    ['REDIS_URL', 'http://redis'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['JWT_EXPIRES_IN', '7 days'],
    ['JWT_EXPIRES_IN', '0'],
    ['JWT_EXPIRES_IN', '-1h'],
    ['JWT_EXPIRES_IN', '99999d'],
    ['RATE_LIMIT_MULTIPLIER', '0'],
    ['RATE_LIMIT_MULTIPLIER', '-1'],
    ['RATE_LIMIT_MULTIPLIER', 'Infinity'],
    ['SOCKET_IO_TRANSPORTS', 'websocket,webtransport'],
    ['SOCKET_IO_CORS_ORIGIN', 'http://localhost:3000/'],
    ['SOCKET_IO_CORS_ORIGIN', 'https://app.example.com/chat'],
    ['SOCKET_IO_CORS_ORIGIN', 'app.example.com'],
    ['SOCKET_IO_CORS_ORIGIN', '*,https://app.example.com'],
    ['CHAT_CONVERSATION_PAGE_SIZE', '51'],
    ['CHAT_MESSAGE_PAGE_SIZE', '101'],
    ['CHAT_MESSAGE_MAX_LENGTH', '0'],
    ['CHAT_CACHE', 'true'],
    ['TRUSTED_PROXY_HOPS', '11'],
    ['TRUSTED_PROXY_HOPS', 'true'],
    ['SOCKET_CONNECTIONS_PER_USER', '0'],
    ['SOCKET_CONNECTIONS_PER_ADDRESS', '1000001'],
    ['GATEWAY_CONNECTIONS_MAX', '0'],
    ['PUSH_CONTENT', 'none'],
    ['FIREBASE_PRIVATE_KEY_PATH', ''],
  ])('%s=%s is one problem that names it', (name, value) => {
    const problems = problemsOf({ ...MINIMAL, FIREBASE_PROJECT_ID: name.startsWith('FIREBASE') ? 'clinic' : '', [name]: value })
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: \\S.*[^\\n]$`))])
  })

  test('no problem repeats a password', () => {
    expect(problemsOf({ ...MINIMAL, DATABASE_URL: 'mysql://chat:hunter2@db' }).join()).not.toContain('hunter2')
  })
})

describe('in production', () => {
  test('a secret shorter than 32 bytes is refused', () => {
    const env = { ...MINIMAL, JWT_SECRET: 'x'.repeat(31) }
    expect(readConfig(env).jwt.secret).toBe(env.JWT_SECRET)
    expect(problemsOf({ ...env, NODE_ENV: 'production' })).toEqual(['JWT_SECRET: must be at least 32 bytes when NODE_ENV=production'])
    expect(readConfig({ ...env, JWT_SECRET: 'é'.repeat(16), NODE_ENV: 'production' }).production).toBe(true)
  })

  test('any origin is refused', () => {
    expect(problemsOf({ ...MINIMAL, SOCKET_IO_CORS_ORIGIN: '*', NODE_ENV: 'production' })).toHaveLength(1)
  })

  test.each([
    ['DEBUG', 'socket.io:*'],
    ['DEBUG', '*'],
    ['NODE_DEBUG', 'http'],
  ])('what makes libraries print packets and headers is refused: %s=%s', (name, value) => {
    expect(problemsOf({ ...MINIMAL, [name]: value, NODE_ENV: 'production' })).toEqual([
      `${name}: must not be set in production: libraries would print tokens and messages`,
    ])
    expect(readConfig({ ...MINIMAL, [name]: value }).production).toBe(false)
  })

  test('a key set without TLS is refused', () => {
    const env = { ...MINIMAL, JWT_SECRET: undefined, JWT_JWKS_URL: 'http://id.example.com/jwks.json' }
    expect(readConfig(env).jwt.jwksUrl).toBe(env.JWT_JWKS_URL)
    expect(problemsOf({ ...env, NODE_ENV: 'production' })).toEqual(['JWT_JWKS_URL: must be a URL that begins with https://'])
  })
})

describe('JWT_PUBLIC_KEY', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const ecPem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const publicKeyFrom = (value: string) => readConfig({ ...MINIMAL, JWT_SECRET: undefined, JWT_PUBLIC_KEY: value }).jwt.publicKey

  test('is PEM text, with real or spelled-out line breaks', () => {
    expect(publicKeyFrom(rsaPem)).toBe(rsaPem)
    expect(publicKeyFrom(ecPem.replaceAll('\n', '\\n'))).toBe(ecPem)
    expect(publicKeyFrom(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString())).toBe(rsaPem)
  })

  test('or the path of a PEM file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'viatra-config-'))
    writeFileSync(join(folder, 'key.pem'), ecPem)
    expect(publicKeyFrom(join(folder, 'key.pem'))).toBe(ecPem)
    rmSync(folder, { recursive: true })
  })

  test.each([
    ['a missing file', '/nowhere/key.pem'],
    ['a private key', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    [
      'an RSA key that is too short',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
    ['another curve', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a damaged key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
  ])('%s is a problem', (_, value) => {
    expect(problemsOf({ ...MINIMAL, JWT_SECRET: undefined, JWT_PUBLIC_KEY: value })).toEqual([expect.stringMatching(/^JWT_PUBLIC_KEY: /)])
  })

  test('excludes other kinds of key', () => {
    expect(problemsOf({ ...MINIMAL, JWT_PUBLIC_KEY: rsaPem })).toEqual(['JWT_SECRET, JWT_PUBLIC_KEY: only one of them may be set'])
  })

  test('is not accepted as a secret', () => {
    expect(problemsOf({ ...MINIMAL, JWT_SECRET: rsaPem })).toEqual([expect.stringMatching(/^JWT_SECRET: is a PEM key/)])
  })
})

function problemsOf(env: Environment): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
