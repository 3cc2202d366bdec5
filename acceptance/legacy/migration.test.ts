import { isComplete, migrateLegacy } from '@viatra-chat/legacy'
import { startWorld, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openOldDatabase, type OldDatabase } from './old-database.js'

let world: World
let old: OldDatabase
beforeAll(async () => {
  const t = Date.now()
  ;[world, old] = await Promise.all([startWorld(), openOldDatabase({ messages: Number(process.env.LEGACY_MESSAGES ?? 20_000) })])
  console.log('made', Date.now() - t)
})
afterAll(async () => {
  await Promise.all([world.close(), old.close()])
})

test('moves', { timeout: 120_000 }, async () => {
  const t = Date.now()
  const report = await migrateLegacy({ from: old.url, to: world.config.databaseUrl })
  console.log(Date.now() - t, JSON.stringify(report, null, 1).slice(0, 3000))
  expect(isComplete(report)).toBe(true)
})
