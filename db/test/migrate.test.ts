import { readdir, readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listMigrations, migrate, migrateDown } from '../src/migrate.js'
import { readSchema } from '../src/schema.js'
import { openDatabase, type TestDatabase } from './open-database.js'

const migrations = (await readdir(new URL('../migrations/', import.meta.url)))
  .filter((file) => file.endsWith('.up.sql'))
  .map((file) => file.replace('.up.sql', ''))
  .sort()

let database: TestDatabase
beforeEach(async () => {
  database = await openDatabase('bare')
})
afterEach(() => database.close())

test('a database is migrated once, taken back and migrated again to the same', async () => {
  expect(await migrate(database.url)).toEqual(migrations)
  const first = await readDatabaseSchema()
  expect(await migrate(database.url)).toEqual([])
  for (const name of migrations.toReversed())
    await database.pool.query(await readFile(new URL(`../migrations/${name}.down.sql`, import.meta.url), 'utf8'))
  await database.pool.query('delete from chat_migrations')
  expect(await tableNames()).toEqual(['users'])
  await migrate(database.url)
  expect(await readDatabaseSchema()).toBe(first)
})

test('of two processes that migrate at once one does it and both succeed', async () => {
  const [one, other] = await Promise.all([migrate(database.url), migrate(database.url)])
  expect([...one, ...other]).toEqual(migrations)
})

test('migrations are listed, taken back one at a time, and applied again', async () => {
  expect((await listMigrations(database.url)).map(({ name, appliedAt }) => [name, appliedAt])).toEqual(
    migrations.map((name) => [name, undefined]),
  )
  await migrate(database.url)
  const newest = migrations.at(-1)
  expect(await migrateDown(database.url)).toEqual([newest])
  expect((await listMigrations(database.url)).filter(({ appliedAt }) => !appliedAt).map(({ name }) => name)).toEqual([newest])
  expect(await migrate(database.url)).toEqual([newest])
})

test('keys of encrypted messages are not taken back', async () => {
  await migrate(database.url)
  await database.pool.query(`
    insert into messages (conversation_id, seq, id, sender_id, message_type, sealed)
    values (gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), 'text', 'sealed')`)
  const takeBack = await readFile(new URL('../migrations/0010_sealed_content.down.sql', import.meta.url), 'utf8')
  await expect(database.pool.query(takeBack)).rejects.toThrow('messages are encrypted: this migration cannot be taken back')
  expect((await database.pool.query('select from messages')).rowCount).toBe(1)
})

test('a migration that meets a lock gives up, lets the others pass, and succeeds once the lock is gone', async () => {
  await migrate(database.url)
  await migrateDown(database.url)
  const holder = await database.pool.connect()
  await holder.query('begin; lock table chat_migrations_lock in access exclusive mode')
  await expect(migrate(database.url, { lockTimeoutMs: 50, attemptsMax: 2 })).rejects.toMatchObject({ code: '55P03' })
  const migrating = migrate(database.url, { lockTimeoutMs: 50 })
  await holder.query('rollback')
  holder.release()
  expect(await migrating).toEqual([migrations.at(-1)])
})

test('a users table that was there before keeps its rows and columns and gets only what chat needs', async () => {
  await database.pool.query(`
    create table users (
      id uuid primary key, email varchar(255) not null unique, password_hash varchar(255) not null, first_name varchar(255),
      last_name varchar(255), role varchar(50) default 'patient', fcm_token varchar(255)
    );
    insert into users values ('0a0a0a0a-0000-4000-8000-000000000001', 'ann@clinic.example', 'secret', null, 'Lee', 'doctor', 'token-1')`)
  await migrate(database.url)
  expect(await database.rows('select * from users')).toEqual([
    {
      id: '0a0a0a0a-0000-4000-8000-000000000001',
      email: 'ann@clinic.example',
      password_hash: 'secret',
      first_name: null,
      last_name: 'Lee',
      role: 'doctor',
      fcm_token: 'token-1',
      avatar_url: null,
      is_active: true,
    },
  ])
  await database.pool.query('update users set fcm_token = $1', ['t'.repeat(4096)])
})

test('taking the migration back leaves the people', async () => {
  await database.pool.query(`create table users (id uuid primary key); insert into users values (gen_random_uuid())`)
  await migrate(database.url)
  for (const name of migrations.toReversed())
    await database.pool.query(await readFile(new URL(`../migrations/${name}.down.sql`, import.meta.url), 'utf8'))
  expect(await database.rows('select count(*)::int as people from users')).toEqual([{ people: 1 }])
})

async function readDatabaseSchema(): Promise<string> {
  const client = await database.pool.connect()
  try {
    return await readSchema(client)
  } finally {
    client.release()
  }
}

async function tableNames(): Promise<string[]> {
  const rows = await database.rows<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and relname not like 'chat\\_%'`,
  )
  return rows.map((row) => row.name).sort()
}
