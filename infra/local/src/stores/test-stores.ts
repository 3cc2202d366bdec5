import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { grantServiceRole, migrate } from '@viatra-chat/db'
import pg from 'pg'
import { dockerRuns } from './docker.js'
import { startPostgres } from './postgres.js'
import { startRedis } from './redis.js'
import { givenStore, type Store } from './store.js'
import { isReachable, makePrivateFolder, unprivilegedUser } from './unprivileged.js'

/** What test files are given. */
export interface TestStores {
  /** A superuser (or at least a user who may create databases) on a database that no test changes. */
  postgresUrl: string
  /** A migrated, empty database to clone: `CREATE DATABASE x TEMPLATE …`. Nobody may connect to it. */
  templateDatabase: string
  /** The role that the services run under in tests as in production, with the rights of `pnpm db:roles` and no other. */
  serviceRole: { name: string; password: string }
  /** Without a database number. */
  redisUrl: string
  /** How many numbered databases Redis has. */
  redisDatabases: number
}

/** Test stores and the way to be rid of them. */
export interface RunningTestStores extends TestStores {
  /** For people: where they come from. */
  origin: string
  stop(): Promise<void>
}

// Re-exported so that the compiled types still name the module that they extend.
export type { ProvidedContext } from 'vitest'

declare module 'vitest' {
  export interface ProvidedContext {
    /** What `inject('stores')` gives in a test file. */
    stores: TestStores
  }
}

const redisDatabases = 64

/**
 * Private stores for a test run: `DATABASE_URL`/`REDIS_URL` where given, else containers where Docker runs, else embedded ones on free ports.
 * They vanish with `stop`, or with the process that started them.
 * @throws Problem when one of them cannot be had.
 */
export async function startTestStores(env: NodeJS.ProcessEnv): Promise<RunningTestStores> {
  const docker = (!env.DATABASE_URL || !env.REDIS_URL) && (await dockerRuns())
  const started = await Promise.allSettled([postgresStore(env.DATABASE_URL, docker), redisStore(env.REDIS_URL, docker)])
  const stop = () => Promise.all(started.map(async (store) => (store.status === 'fulfilled' ? store.value.stop() : undefined)))
  const [postgres, redis] = started
  if (postgres.status === 'rejected' || redis.status === 'rejected') {
    await stop()
    throw postgres.status === 'rejected' ? postgres.reason : (redis as PromiseRejectedResult).reason
  }
  const serviceRole = { name: `viatra_service_${randomBytes(4).toString('hex')}`, password: randomBytes(16).toString('hex') }
  const templateDatabase = await createTemplate(postgres.value.url, serviceRole)
  return {
    postgresUrl: postgres.value.url,
    templateDatabase,
    serviceRole,
    redisUrl: redis.value.url,
    redisDatabases: env.REDIS_URL ? 16 : redisDatabases,
    origin: `${postgres.value.origin}, ${redis.value.origin}`,
    async stop() {
      if (env.DATABASE_URL) await leaveNothing(env.DATABASE_URL, templateDatabase, serviceRole.name)
      await stop()
    },
  }
}

async function leaveNothing(databaseUrl: string, templateDatabase: string, role: string): Promise<void> {
  await administer(databaseUrl, `drop database if exists ${templateDatabase}`)
  await administer(databaseUrl, `drop role if exists ${role}`)
}

async function createTemplate(postgresUrl: string, { name: role, password }: TestStores['serviceRole']): Promise<string> {
  const name = `viatra_template_${randomBytes(4).toString('hex')}`
  await administer(postgresUrl, `create database ${name}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  await migrate(url.href)
  await grantServiceRole(url.href, { role, password })
  return name
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

async function postgresStore(given: string | undefined, docker: boolean): Promise<Store> {
  if (given) return givenStore(given, 'PostgreSQL of DATABASE_URL')
  if (docker) return postgresContainer()
  const dataDir = await temporaryFolder()
  const store = await startPostgres({ dataDir, durable: false, removeFolder: dataDir })
  return removingFolder(store, dataDir)
}

async function redisStore(given: string | undefined, docker: boolean): Promise<Store> {
  if (given) return givenStore(given, 'Redis of REDIS_URL')
  if (docker) return redisContainer()
  const dataDir = await temporaryFolder()
  const store = await startRedis({ dataDir, durable: false, databases: redisDatabases, removeFolder: dataDir, say: console.log })
  return removingFolder(store, dataDir)
}

async function temporaryFolder(): Promise<string> {
  const user = unprivilegedUser()
  const base = (await isReachable(tmpdir(), user)) ? tmpdir() : '/var/tmp'
  const folder = await mkdtemp(join(base, 'viatra-test-'))
  await makePrivateFolder(folder, user)
  return folder
}

function removingFolder(store: Store, folder: string): Store {
  return {
    ...store,
    async stop() {
      await store.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function postgresContainer(): Promise<Store> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300']
  const container = await new PostgreSqlContainer('postgres:15-alpine')
    .withCommand(['postgres', ...careless.flatMap((setting) => ['-c', setting])])
    .start()
  return containerStore(container.getConnectionUri(), 'PostgreSQL 15 (container)', container)
}

async function redisContainer(): Promise<Store> {
  const { RedisContainer } = await import('@testcontainers/redis')
  const container = await new RedisContainer('redis:7-alpine').withCommand(['redis-server', '--databases', String(redisDatabases)]).start()
  return containerStore(container.getConnectionUrl(), 'Redis 7 (container)', container)
}

function containerStore(url: string, origin: string, container: { stop(): Promise<unknown> }): Store {
  return { ...givenStore(url, origin), stop: async () => void (await container.stop()) }
}
