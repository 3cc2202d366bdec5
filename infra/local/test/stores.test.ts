import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, expect, inject, test } from 'vitest'
import { pingRedis } from '../src/stores/ping-redis.js'
import { postgresFolder, startPostgres } from '../src/stores/postgres.js'
import { startRedis } from '../src/stores/redis.js'
import type { Store } from '../src/stores/store.js'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

test('the test run provides a migrated template that can be cloned', async () => {
  const { postgresUrl, templateDatabase } = inject('stores')
  const name = `clone_${process.pid}`
  await query(postgresUrl, `create database ${name} template ${templateDatabase}`)
  cleanups.push(() => query(postgresUrl, `drop database ${name}`))
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  expect(await query(url.href, "select to_regclass('users') is not null as migrated")).toEqual([{ migrated: true }])
})

test('PostgreSQL keeps its data between starts and is gone after a stop', async () => {
  const dataDir = await postgresFolder(await temporaryFolder())
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
  const first = await startPostgres({ dataDir, durable: false })
  await query(first.url, 'create table kept as select 1 as value').finally(() => first.stop())
  const second = await startPostgres({ dataDir, durable: false })
  cleanups.push(() => second.stop())
  expect(await query(second.url, 'select value from kept')).toEqual([{ value: 1 }])
  await expect(query(first.url, 'select 1')).rejects.toThrow()
})

test('a PostgreSQL that a killed run left behind does not block the next start', async () => {
  const dataDir = await postgresFolder(await temporaryFolder())
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
  const leftover = await startPostgres({ dataDir, durable: false })
  cleanups.push(() => leftover.stop())
  const next = await startPostgres({ dataDir, durable: false })
  cleanups.push(() => next.stop())
  expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await expect(query(leftover.url, 'select 1')).rejects.toThrow()
})

test('Redis lets in only who has the password and ends a leftover of a killed run', async () => {
  const dataDir = await temporaryFolder()
  const leftover = await startedRedis(dataDir)
  const next = await startedRedis(dataDir)
  expect(await pingStore(next)).toBe(true)
  expect(await pingRedis(Number(new URL(next.url).port), 'wrong')).toBe(false)
  expect(await pingStore(leftover)).toBe(false)
})

async function startedRedis(dataDir: string): Promise<Store> {
  const store = await startRedis({ dataDir, durable: true })
  cleanups.push(() => store.stop())
  return store
}

function pingStore({ url }: Store): Promise<boolean> {
  const { port, password } = new URL(url)
  return pingRedis(Number(port), password)
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'viatra-stores-test-'))
  // PostgreSQL's own user has to pass through.
  await chmod(folder, 0o711)
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
