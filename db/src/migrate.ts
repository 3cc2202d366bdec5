import { readdir, readFile } from 'node:fs/promises'
import { Kysely, Migrator, PostgresDialect, sql, type Migration, type MigrationProvider } from 'kysely'
import pg from 'pg'
import { fitPlatformUsers } from './platform-users.js'

const folder = new URL('../migrations/', import.meta.url)

/**
 * Brings a database to the newest migration and returns the names of those applied, oldest first; none when it was there already.
 * Safe to run from several processes at once: one applies, the others wait. A migration that fails is rolled back and thrown.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: databaseUrl, max: 2 }) }) })
  try {
    await fitPlatformUsers(db)
    const { results, error } = await new Migrator({
      db,
      provider: sqlFiles,
      migrationTableName: 'chat_migrations',
      migrationLockTableName: 'chat_migrations_lock',
    }).migrateToLatest()
    if (error) throw error instanceof Error ? error : new Error('migrating failed', { cause: error })
    return (results ?? []).map((result) => result.migrationName)
  } finally {
    await db.destroy()
  }
}

/** Pairs `NAME.up.sql` and `NAME.down.sql`; a file may hold several statements. */
const sqlFiles: MigrationProvider = {
  async getMigrations() {
    const names = (await readdir(folder)).filter((file) => file.endsWith('.up.sql')).map((file) => file.replace('.up.sql', ''))
    return Object.fromEntries(names.sort().map((name) => [name, fromFiles(name)]))
  },
}

function fromFiles(name: string): Migration {
  const run = async (db: Kysely<unknown>, direction: string) => {
    await sql.raw(await readFile(new URL(`${name}.${direction}.sql`, folder), 'utf8')).execute(db)
  }
  return { up: (db) => run(db, 'up'), down: (db) => run(db, 'down') }
}
