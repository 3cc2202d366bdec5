import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import pg from 'pg'
import { inject } from 'vitest'
// Types what the global set-up provides.
import type {} from '@viatra-chat/local/stores'

/** Name of the test's own sessions in `pg_stat_activity`; all others are the product's. */
export const testkitApplication = 'testkit'

/** Stores of one test file: a database cloned from the migrated template, and an empty Redis database. */
export interface TestStores {
  databaseUrl: string
  /** The same database for the services, under their own role. */
  serviceDatabaseUrl: string
  redisUrl: string
  database: pg.Pool
  redis: Redis
  close(): Promise<void>
}

export async function openTestStores(): Promise<TestStores> {
  const stores = inject('stores')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(stores.postgresUrl, `create database ${name} template ${stores.templateDatabase}`)
  const databaseUrl = withPath(stores.postgresUrl, name)
  const redisUrl = withPath(stores.redisUrl, String(poolId() % stores.redisDatabases))
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
      await administer(stores.postgresUrl, `drop database ${name} with (force)`)
    },
  }
}

// Files that run at the same time have different pool ids; files of one worker run one after the other.
const poolId = () => Number(process.env.VITEST_POOL_ID ?? 0)

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

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
