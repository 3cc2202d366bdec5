import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApi } from '@viatra-chat/api'
import { migrate } from '@viatra-chat/db'
import { postgresFolder, startPostgres, startRedis, type Store } from '@viatra-chat/local/stores'
import { createLogger, readConfig } from '@viatra-chat/runtime'
import { eventually, testSecret } from '@viatra-chat/testkit'
import pg from 'pg'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

type Kind = 'good' | 'of another host' | 'expired'
interface Shown {
  postgres: Store
  redis: Store
  /** The certificate that the server shows, which is its own authority. */
  caFile: string
}

const day = 24 * 60 * 60 * 1000
const shown = new Map<Kind, Shown>()
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'viatra-tls-'))
  for (const kind of ['good', 'of another host', 'expired'] as const) shown.set(kind, await startServers(kind))
})
afterAll(async () => {
  await Promise.all([...shown.values()].flatMap(({ postgres, redis }) => [postgres.stop(), redis.stop()]))
  const left = [folder, ...[...shown.values()].flatMap(({ postgres }) => postgres.dataDir ?? [])]
  await Promise.all(left.map((path) => rm(path, { recursive: true, force: true })))
})

async function startServers(kind: Kind): Promise<Shown> {
  const host = kind === 'of another host' ? 'elsewhere.example' : 'localhost'
  const end = new Date(Date.now() + (kind === 'expired' ? -day : day))
  const { private: key, cert: certificate } = await generate([{ name: 'commonName', value: host }], {
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 2 * day),
    notAfterDate: end,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
    ],
  })
  const caFile = join(folder, `${shown.size}.crt`)
  await writeFile(caFile, certificate)
  const tls = { key, certificate }
  const dataDir = await postgresFolder(join(folder, `postgres-${shown.size}`))
  const [postgres, redis] = await Promise.all([
    startPostgres({ dataDir, durable: false, removeFolder: dataDir, tls }),
    startRedis({ dataDir: join(folder, `redis-${shown.size}`), durable: false, tls }),
  ])
  await migrate(postgres.url)
  return { postgres, redis, caFile }
}

const serverOf = (kind: Kind) => shown.get(kind) ?? expect.unreachable(kind)

function verified(url: string, caFile: string): string {
  const changed = new URL(url)
  changed.hostname = 'localhost'
  changed.search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: caFile }).toString()
  return changed.href
}

/** What an API says of its stores, once it has tried them. */
async function storesSeen(database: string, redis: string, redisCaFile: string) {
  const env = { JWT_SECRET: testSecret, HOST: '127.0.0.1', PORT: '0', DATABASE_URL: database, REDIS_URL: redis, REDIS_CA_FILE: redisCaFile }
  const api = await startApi(readConfig(env), createLogger({ name: 'test', level: 'silent' }))
  try {
    return await eventually(async () => {
      const answer = (await (await fetch(`${api.url}/readyz`)).json()) as { checks: Record<string, string> }
      return answer.checks
    })
  } finally {
    await api.stop()
  }
}

describe('the stores are spoken to in TLS', () => {
  test('with certificates of the authority that is named', async () => {
    const { postgres, redis, caFile } = serverOf('good')
    const checks = await storesSeen(verified(postgres.url, caFile), redis.url, caFile)
    expect(checks).toEqual({ database: 'up', redis: 'up' })
    const client = new pg.Client({ connectionString: verified(postgres.url, caFile) })
    await client.connect()
    const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    await client.end()
    expect(rows).toEqual([{ ssl: true }])
  })

  test.each([
    ['of another authority', 'good', 'expired', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of another host', 'of another host', 'of another host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that expired', 'expired', 'expired', 'CERT_HAS_EXPIRED'],
  ] as const)('and not at all with a certificate %s', async (_, server, authority, code) => {
    const { postgres, redis } = serverOf(server)
    const { caFile } = serverOf(authority)
    const checks = await storesSeen(verified(postgres.url, caFile), redis.url, caFile)
    expect(checks).toEqual({ database: 'down', redis: 'down' })
    // And this is why.
    const client = new pg.Client({ connectionString: verified(postgres.url, caFile) })
    // What the server says to being refused may come after that.
    client.on('error', () => undefined)
    await expect(client.connect()).rejects.toMatchObject({ code })
  })
})
