import pg from 'pg'
import { Problem } from '../problem.js'
import { LastWords } from '../processes/last-words.js'
import { runCommand, type CommandResult } from '../processes/run-command.js'
import type { Print } from './run-instance.js'
import type { Settings } from './settings.js'

/** A person of the demo, as the seed tells. */
export interface DemoPerson {
  id: string
  email: string
  first_name: string
  last_name: string
  role: string
}

/**
 * Migrates the database and puts the demo into it. A database that was given to us and has people in it gets no demo unless `SEED=1`.
 * @returns the demo people, none when there is no demo.
 * @throws Problem when the migration fails.
 */
export async function prepareDatabase(settings: Settings, databaseUrl: string, print: Print): Promise<DemoPerson[]> {
  const env = { ...settings.env, DATABASE_URL: databaseUrl }
  const migration = await runCommand(process.execPath, [settings.programs.migrate], { env })
  if (migration.code !== 0)
    throw new Problem(`The database could not be migrated: ${reasonIn(migration).replace(/^Migration failed: /, '')}`)
  if (settings.env.DATABASE_URL && settings.env.SEED !== '1' && (await hasPeople(databaseUrl))) {
    print('The database of DATABASE_URL has people in it already, so no demo is added (SEED=1 adds it).')
    return []
  }
  const seed = await runCommand(process.execPath, [settings.programs.seed], { env })
  if (seed.code === 0) return JSON.parse(seed.stdout) as DemoPerson[]
  print(`The demo could not be put into the database: ${reasonIn(seed)}`)
  return []
}

async function hasPeople(databaseUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rowCount } = await client.query('select 1 from users limit 1').finally(() => client.end())
  return rowCount === 1
}

function reasonIn({ stdout, stderr }: CommandResult): string {
  const words = new LastWords()
  for (const line of `${stdout}\n${stderr}`.split('\n')) words.add(line)
  return words.reason
}
