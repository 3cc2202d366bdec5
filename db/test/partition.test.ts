import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest'
import { readDataMap } from '../src/data-map.js'
import { listMigrations, migrate, migrateDown } from '../src/migrate.js'
import { partitionMessages, type PartitionProgress } from '../src/partition/partition-messages.js'
import { readSchema } from '../src/schema.js'
import { insertMessages } from './insert-messages.js'
import { openDatabase, type TestDatabase } from './open-database.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openDatabase('migrated')
})
afterEach(() => database.close())

test('partitioned, the table has the same columns, constraints, indexes, comments and views; in one part again it is what it was', async () => {
  const before = await onOne((client) => readSchema(client))
  const map = await onOne((client) => readDataMap(client))
  await insertMessages(database, 10)
  expect(await partitionMessages(database.url, 4)).toMatchObject({ kind: 'partitioned', rows: 10 })
  const after = await onOne((client) => readSchema(client))
  expect(after).toContain(' PARTITION BY HASH (conversation_id)')
  expect(after.replace(' PARTITION BY HASH (conversation_id)', '')).toBe(before)
  expect(await onOne((client) => readDataMap(client))).toEqual(map)
  expect(await countParts()).toBe(4)
  await partitionMessages(database.url, 8)
  expect(await countParts()).toBe(8)
  await partitionMessages(database.url, 1)
  expect(await onOne((client) => readSchema(client))).toBe(before)
  expect(await database.rows('select count(*)::int as rows from messages')).toEqual([{ rows: 10 }])
})

test('migrations since the first that may meet partitions are taken back and applied on them as on one table', async () => {
  const before = await onOne((client) => readSchema(client))
  await insertMessages(database, 10)
  await partitionMessages(database.url, 4)
  const newest = '0009_push_turns'
  while ((await listMigrations(database.url)).some(({ name, appliedAt }) => appliedAt && name > newest)) await migrateDown(database.url)
  expect(await migrate(database.url)).toContain('0010_sealed_content')
  expect((await onOne((client) => readSchema(client))).replace(' PARTITION BY HASH (conversation_id)', '')).toBe(before)
})

test('the services have the same rights on it, and none on its partitions', async () => {
  const { name } = inject('stores').serviceRole
  const rights = async (tables: string) =>
    database.rows(
      `select a.attname as column, p as right from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
       cross join unnest(array['select', 'insert', 'update']) p
       where c.oid in (${tables}) and has_column_privilege($1, c.oid, a.attnum, p) order by 1, 2`,
      [name],
    )
  const before = await rights(`'messages'::regclass`)
  expect(before.length).toBeGreaterThan(20)
  await database.pool.query(`alter default privileges grant all on tables to ${name}`)
  await partitionMessages(database.url, 4)
  expect(await rights(`'messages'::regclass`)).toEqual(before)
  expect(await rights(`select inhrelid from pg_inherits where inhparent = 'messages'::regclass`)).toEqual([])
})

test('a view of somebody else, its rights, and a trigger go along', async () => {
  const { name } = inject('stores').serviceRole
  await database.pool.query(`
    create view loud with (security_barrier = true) as select upper(content) as said from messages;
    grant select on loud to ${name};
    create function shout() returns trigger language plpgsql as $$ begin new.content = new.content || '!'; return new; end $$;
    create trigger shouting before insert on messages for each row execute function shout()`)
  await partitionMessages(database.url, 4)
  await insertMessages(database, 1)
  expect(await database.rows('select said from loud')).toEqual([{ said: 'MESSAGE 1!' }])
  expect(
    await database.rows(`select reloptions, has_table_privilege($1, oid, 'select') as granted from pg_class where relname = 'loud'`, [
      name,
    ]),
  ).toEqual([{ reloptions: ['security_barrier=true'], granted: true }])
})

test('a second run with the same number changes nothing', async () => {
  await insertMessages(database, 3)
  await partitionMessages(database.url, 4)
  const id = () => database.rows(`select 'messages'::regclass::oid as oid`)
  const first = await id()
  expect(await partitionMessages(database.url, 4)).toEqual({ kind: 'as_it_was' })
  expect(await id()).toEqual(first)
})

test('what is stored, changed and deleted while it is copied is stored, changed and deleted', async () => {
  await insertMessages(database, 400)
  const running = { on: true }
  const written = [0, 1].map((worker) => write(worker, running))
  expect(await partitionMessages(database.url, 4, { batchRows: 7 })).toMatchObject({ kind: 'partitioned' })
  running.on = false
  const expected = (await Promise.all(written)).flatMap(({ conversation, kept }) =>
    [...kept].map(([seq, content]) => ({ conversation_id: conversation, seq: String(seq), content })),
  )
  expect(expected.length).toBeGreaterThan(50)
  const found = await database.rows<{ conversation_id: string }>(
    `select conversation_id, seq, content from messages where sender_id = $1 order by conversation_id, seq`,
    [writer],
  )
  expect(found).toEqual(expected.sort((a, b) => (a.conversation_id < b.conversation_id ? -1 : 1) || Number(a.seq) - Number(b.seq)))
  expect(await database.rows('select count(*)::int as rows from messages where sender_id <> $1', [writer])).toEqual([{ rows: 400 }])
})

test('whoever looks at an earlier moment goes on seeing it', async () => {
  await insertMessages(database, 20)
  const reader = await database.pool.connect()
  // Has seen none of the messages yet when they are copied.
  await reader.query('begin isolation level repeatable read; select 1 from users')
  const waits = signalled('waiting')
  const running = partitionMessages(database.url, 4, { onProgress: waits.see })
  await waits.seen
  const { rowCount } = await reader.query('select from messages')
  await reader.query('commit')
  reader.release()
  expect(rowCount).toBe(20)
  expect(await running).toMatchObject({ kind: 'partitioned' })
})

test('it gives way to whoever uses the table, and goes on once they are gone', async () => {
  await insertMessages(database, 20)
  const holder = await database.pool.connect()
  await holder.query('begin; lock table messages in row exclusive mode')
  const gaveWay = signalled('locked')
  const running = partitionMessages(database.url, 4, { lockTimeoutMs: 20, onProgress: gaveWay.see })
  await gaveWay.seen
  expect(await database.rows('select count(*)::int as rows from messages')).toEqual([{ rows: 20 }])
  await holder.query('commit')
  holder.release()
  expect(await running).toMatchObject({ kind: 'partitioned', rows: 20 })
})

test('stopped in the middle it leaves the table as it was', async () => {
  const before = await onOne((client) => readSchema(client))
  await insertMessages(database, 20)
  const stopping = new AbortController()
  const onProgress = () => stopping.abort(new Error('stopped'))
  await expect(partitionMessages(database.url, 4, { batchRows: 5, signal: stopping.signal, onProgress })).rejects.toThrow('stopped')
  expect(await onOne((client) => readSchema(client))).toBe(before)
  expect(await database.rows('select count(*)::int as rows from messages')).toEqual([{ rows: 20 }])
})

test('what a run that was killed left does no harm, and goes with the next one', async () => {
  const before = await onOne((client) => readSchema(client))
  await insertMessages(database, 20)
  const end = `select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`
  const onProgress = () => void database.pool.query(end)
  // Each batch asks for an end that comes at some point of what follows.
  await expect(partitionMessages(database.url, 4, { batchRows: 1, onProgress })).rejects.toThrow('run the command again')
  await insertMessages(database, 5)
  await database.pool.query('update messages set is_edited = true; delete from messages where seq = 5')
  expect(await partitionMessages(database.url, 1)).toEqual({ kind: 'as_it_was' })
  expect(await onOne((client) => readSchema(client))).toBe(before)
  expect(await partitionMessages(database.url, 4)).toMatchObject({ kind: 'partitioned' })
})

test('two runs at once: one does it, the other one is refused', async () => {
  await insertMessages(database, 5)
  const outcomes = await Promise.allSettled([partitionMessages(database.url, 4), partitionMessages(database.url, 4)])
  expect(outcomes.map(({ status }) => status).sort()).toContain('fulfilled')
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(String(outcome.reason)).toContain('Another run of this command is under way.')
  expect(await countParts()).toBe(4)
})

test('what it cannot carry over is named before anything is done', async () => {
  await database.pool.query(`
    create materialized view counted as select count(*) from messages;
    create table quotes (conversation_id uuid, seq bigint, foreign key (conversation_id, seq) references messages);
    create unique index by_id on messages (id)`)
  const before = await onOne((client) => readSchema(client))
  await expect(partitionMessages(database.url, 4)).rejects.toThrow(
    /the foreign key .* of quotes.*the materialized view counted.*the unique index by_id without conversation_id/,
  )
  expect(await onOne((client) => readSchema(client))).toBe(before)
})

test('a migration in the meantime ends the run, and is not lost', async () => {
  await insertMessages(database, 20)
  let migrated: Promise<unknown> | undefined
  const onProgress = () => void (migrated ??= database.pool.query('alter table messages add column colour text'))
  const reader = await database.pool.connect()
  await reader.query('begin isolation level repeatable read; select 1 from users')
  const running = partitionMessages(database.url, 4, { batchRows: 5, onProgress })
  await vi.waitUntil(() => migrated)
  await migrated
  await reader.query('commit')
  reader.release()
  await expect(running).rejects.toThrow('Somebody changed the columns')
  await database.pool.query(`update messages set colour = 'red'`)
  expect(await partitionMessages(database.url, 4)).toMatchObject({ kind: 'partitioned' })
  expect(await database.rows('select distinct colour from messages')).toEqual([{ colour: 'red' }])
})

test.each([0, 257, 1.5])('%s parts are refused', async (parts) => {
  await expect(partitionMessages(database.url, parts)).rejects.toThrow('a number of parts from 1 to 256')
})

const writer = randomUUID()

/** Stores messages one by one; changes every third, deletes every fifth; those that are left. */
async function write(worker: number, running: { on: boolean }): Promise<{ conversation: string; kept: Map<number, string> }> {
  const conversation = `${worker}${randomUUID().slice(1)}`
  const kept = new Map<number, string>()
  const place = (seq: number) => [conversation, seq]
  for (let seq = 1; running.on; seq++) {
    await database.pool.query(
      `insert into messages (conversation_id, seq, id, sender_id, message_type, content) values ($1, $2, gen_random_uuid(), $3, 'text', 'said')`,
      [...place(seq), writer],
    )
    kept.set(seq, 'said')
    if (seq % 3 === 0) {
      await database.pool.query(`update messages set content = 'changed' where conversation_id = $1 and seq = $2`, place(seq - 1))
      kept.set(seq - 1, 'changed')
    }
    if (seq % 5 === 0) {
      await database.pool.query('delete from messages where conversation_id = $1 and seq = $2', place(seq - 3))
      kept.delete(seq - 3)
    }
  }
  return { conversation, kept }
}

async function onOne<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect()
  return use(client).finally(() => client.release())
}

async function countParts(): Promise<number> {
  const [row] = await database.rows<{ parts: number }>(
    `select count(*)::int as parts from pg_inherits where inhparent = 'messages'::regclass`,
  )
  return row?.parts ?? 0
}

/** A promise of the first progress of a kind. */
function signalled(kind: PartitionProgress['kind']) {
  let see: (progress: PartitionProgress) => void = () => undefined
  const seen = new Promise<void>((resolve) => {
    see = (progress) => {
      if (progress.kind === kind) resolve()
    }
  })
  return { see, seen }
}
