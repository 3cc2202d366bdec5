import type pg from 'pg'
import { demoPeople, type DemoPerson } from './seed/people.js'
import { createRandom } from './seed/random.js'
import { scenes } from './seed/scenes.js'
import { storyRows } from './seed/story-rows.js'
import { tellReceipts } from './seed/tell-receipts.js'
import { tellStory } from './seed/tell-story.js'
import { withClient } from './with-client.js'

export type { DemoPerson }

/**
 * Puts a demo clinic into a migrated database: a dozen people and some four thousand messages of the weeks before `now`. Every run tells the
 * same; only the times move. Where its people are already, nothing is done.
 * @returns the people of the demo, in either case.
 */
export async function seed(databaseUrl: string, now: Date): Promise<readonly DemoPerson[]> {
  await withClient(databaseUrl, async (client) => {
    await client.query('begin')
    // Two seeds at once: the second waits here, and then finds the people.
    await client.query(`select pg_advisory_xact_lock(hashtext('viatra-chat seed'))`)
    if (!(await isSeeded(client))) await insertDemo(client, now.getTime())
    await client.query('commit')
  })
  return demoPeople
}

async function isSeeded(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query('select 1 from users where id = any($1::uuid[]) limit 1', [demoPeople.map((person) => person.id)])
  return rowCount === 1
}

async function insertDemo(client: pg.Client, now: number): Promise<void> {
  await insertRows(client, 'users', demoPeople)
  const tables = scenes.map((scene, i) => {
    const random = createRandom(i + 1)
    const story = tellStory(scene, now, random)
    return storyRows(story, tellReceipts(story, now, random), Math.floor(now / 1000))
  })
  for (const name of tableNames) {
    await insertRows(
      client,
      name,
      tables.flatMap((rows) => rows[name]),
    )
  }
  await client.query(`analyze users, ${tableNames.join(', ')}`)
}

const tableNames = [
  'conversations',
  'conversation_members',
  'former_members',
  'messages',
  'conversation_deletions',
  'receipt_marks',
  'audit_log',
] as const

/** Inserts rows that all have the keys of the first; other columns get their defaults. */
async function insertRows(client: pg.Client, table: string, rows: readonly object[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).join(', ')
  if (columns === '') return
  await client.query(`insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`, [
    JSON.stringify(rows),
  ])
}
