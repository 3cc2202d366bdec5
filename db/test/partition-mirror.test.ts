import type pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { compareTables } from '../src/partition/compare-tables.js'
import { copyMessages } from '../src/partition/copy-messages.js'
import { startMirror } from '../src/partition/mirror.js'
import { createNextTable } from '../src/partition/next-table.js'
import { insertMessages } from './insert-messages.js'
import { openDatabase, type TestDatabase } from './open-database.js'

// What happens while messages are copied, step by step.

let database: TestDatabase
beforeEach(async () => {
  database = await openDatabase('migrated')
})
afterEach(() => database.close())

test('a deletion that is under way when its message is copied is not undone', async () => {
  await insertMessages(database, 20)
  const deleter = await database.pool.connect()
  await onOne(async (client) => {
    const next = await createNextTable(client, 4)
    await startMirror(client, next)
    await deleter.query(`begin; delete from messages where content = 'message 7'`)
    const copying = copyMessages(client, next, { batchRows: 5, locking: (run) => run(), onCopied: () => undefined })
    await vi.waitUntil(async () => (await deleter.query(waiting)).rowCount === 1)
    await deleter.query('commit')
    deleter.release()
    expect(await copying).toBe(19)
    await compareTables(client, next)
  })
})

test('a deletion that could not see what was copied is refused', async () => {
  await insertMessages(database, 20)
  await onOne(async (client) => startMirror(client, await createNextTable(client, 4)))
  const remove = `begin isolation level repeatable read; delete from messages where content = 'message 7'`
  await expect(onOne((client) => client.query(remove).finally(() => client.query('rollback')))).rejects.toMatchObject({ code: '40001' })
})

const waiting = `
  select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`

async function onOne<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool.connect()
  return use(client).finally(() => client.release())
}
