import { migrate, seed, type DemoPerson } from '@viatra-chat/db'
import pg from 'pg'
import { Problem, reasonOf } from '../problem.js'
import type { Print } from './run-instance.js'
import type { Settings } from './settings.js'

/**
 * Migrates the database and puts the demo into it. A database that was given to us and has people in it gets no demo unless `SEED=1`.
 * @returns the demo people, none when there is no demo.
 * @throws Problem when the migration fails.
 */
export async function prepareDatabase(settings: Settings, databaseUrl: string, print: Print): Promise<readonly DemoPerson[]> {
  await migrate(databaseUrl).catch((error: unknown) => {
    throw new Problem(`The database could not be migrated: ${reasonOf(error)}`)
  })
  if (settings.env.DATABASE_URL && settings.env.SEED !== '1' && (await hasPeople(databaseUrl))) {
    print('The database of DATABASE_URL has people in it already, so no demo is added (SEED=1 adds it).')
    return []
  }
  return seed(databaseUrl, new Date()).catch((error: unknown) => {
    print(`The demo could not be put into the database: ${reasonOf(error)}`)
    return []
  })
}

async function hasPeople(databaseUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rowCount } = await client.query('select 1 from users limit 1').finally(() => client.end())
  return rowCount === 1
}
