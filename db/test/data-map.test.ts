import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataMapText, missingComment, readDataMap } from '../src/data-map.js'
import { openDatabase, type TestDatabase } from './open-database.js'

let database: TestDatabase
beforeAll(async () => {
  database = await openDatabase('migrated')
})
afterAll(() => database.close())

async function readMap() {
  const client = await database.pool.connect()
  return readDataMap(client).finally(() => client.release())
}

test('every column says what it holds, what for and how long', async () => {
  const { unmapped } = await readMap()
  expect(unmapped.map(missingComment).join('\n\n')).toBe('')
})

test('the data map is what the migrations say', async () => {
  const { columns } = await readMap()
  expect(dataMapText(columns), 'run `pnpm generate`').toBe(readFileSync(new URL('../../docs/data-map.md', import.meta.url), 'utf8'))
})

test('a column that says nothing, or not in this form, is found by name', async () => {
  await database.pool.query('alter table devices add column nickname text, add column shade text')
  await database.pool.query(`comment on column devices.shade is 'pretty | to look at | for ever'`)
  const { unmapped } = await readMap()
  await database.pool.query('alter table devices drop column nickname, drop column shade')
  expect(unmapped).toEqual(['devices.nickname', 'devices.shade'])
  expect(missingComment('devices.nickname')).toContain(`COMMENT ON COLUMN devices.nickname IS 'class | what for | how long it is kept';`)
})
