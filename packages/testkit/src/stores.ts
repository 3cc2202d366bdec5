import { randomUUID } from 'node:crypto'
import { partitionMessages } from '@viatra-chat/db'
import { Redis } from 'ioredis'
import pg from 'pg'
import { inject } from 'vitest'
// Types what the global set-up provides.
import type {} from '@viatra-chat/local/stores'

/** Name of the test's own sessions in `pg_stat_activity`; all others are the product's. */
export const testkitApplication = 'testkit'

export interface TestStoresOptions {
  /** `migrated` (default): has the tables of this version, and the services their rights; `empty`: has nothing. */
  schema?: 'migrated' | 'empty'
  /** Another server than the one that all test files share; with `schema: 'empty'`, as it has no template. */
  postgresUrl?: string
}

/** Stores of one test file: a database of its own, and an empty Redis database. */
export interface TestStores {
  databaseUrl: string
  /** The same database for the services, under their own role. */
  serviceDatabaseUrl: string
  redisUrl: string
  database: pg.Pool
  redis: Redis
  close(): Promise<void>
}

export async function openTestStores({ schema = 'migrated', postgresUrl }: TestStoresOptions = {}): Promise<TestStores> {
  const stores = inject('stores')
  const keeper = await connectAdmin(stores.postgresUrl)
  const admin = postgresUrl === undefined ? keeper : await connectAdmin(postgresUrl)
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await admin.query(`create database ${name} template ${schema === 'empty' ? 'template1' : stores.templateDatabase}`)
  const databaseUrl = withPath(postgresUrl ?? stores.postgresUrl, name)
  // Lets whole files run on a partitioned table: acceptance/partitioned.
  const parts = process.env.MESSAGES_PARTS
  if (parts !== undefined && schema === 'migrated') await partitionMessages(databaseUrl, Number(parts))
  const redisUrl = withPath(stores.redisUrl, String(await takeRedisDatabase(keeper, stores.redisDatabases)))
  const redis = new Redis(redisUrl)
  await redis.flushdb()
  const database = new pg.Pool({ connectionString: databaseUrl, max: 3, application_name: testkitApplication })
  // Dropping the database ends its sessions.
  database.on('error', () => undefined)
  return {
    databaseUrl,
    serviceDatabaseUrl: asRole(databaseUrl, stores.serviceRole),
    redisUrl,
    database,
    redis,
    close: async () => {
      await database.end()
      await redis.quit()
      await admin.query(`drop database ${name} with (force)`)
      await Promise.all([...new Set([admin, keeper])].map((client) => client.end()))
    },
  }
}

async function connectAdmin(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: testkitApplication })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/**
 * A number that no other test has, for as long as the connection lives. Not Vitest's number of the worker: where one group of files
 * follows another, two workers may have the same.
 */
async function takeRedisDatabase(admin: pg.Client, count: number): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(
    'select n from generate_series(0, $1::int - 1) as n where pg_try_advisory_lock($2, n) limit 1',
    [count, redisLocks],
  )
  if (!rows[0]) throw new Error(`all ${count} databases of Redis are taken`)
  return rows[0].n
}

// Any number: it only has to be the same in all workers.
const redisLocks = 6379

function withPath(url: string, path: string): string {
  const changed = new URL(url)
  changed.pathname = `/${path}`
  return changed.href
}

function asRole(url: string, { name, password }: { name: string; password: string }): string {
  const changed = new URL(url)
  changed.username = name
  changed.password = password
  return changed.href
}
