import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kysely, Migrator, PostgresDialect, sql, type Migration, type MigrationProvider } from 'kysely'
import pg from 'pg'

const ownFolder = fileURLToPath(new URL('../migrations/', import.meta.url))

export interface MigrateOptions {
  /** Where the pairs of files are; the product's own unless given. */
  folder?: string
}

const lockTimeoutMs = 2000
// Together some minutes: longer than any transaction of the product.
const triesMax = 60
const pauseMs = 1000

/**
 * Brings a database to the newest migration and returns the names of those applied, oldest first; none when it was there already.
 * Safe to run from several processes at once: one applies, the others wait. A migration that fails is rolled back and thrown.
 * Safe while the product runs: whoever waits for a table lets everybody queue behind, so a migration gives way after 2 s and tries again.
 */
export async function migrate(databaseUrl: string, { folder = ownFolder }: MigrateOptions = {}): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await migrateOnce(databaseUrl, folder)
    } catch (error) {
      if (!isLockTimeout(error) || tries >= triesMax) throw error
      await delay(pauseMs)
    }
  }
}

const isLockTimeout = (error: unknown) => error instanceof pg.DatabaseError && error.code === '55P03'

async function migrateOnce(databaseUrl: string, folder: string): Promise<string[]> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: databaseUrl, max: 2 }) }) })
  try {
    const { results, error } = await new Migrator({
      db,
      provider: sqlFiles(folder),
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
const sqlFiles = (folder: string): MigrationProvider => ({
  async getMigrations() {
    const names = (await readdir(folder)).filter((file) => file.endsWith('.up.sql')).map((file) => file.replace('.up.sql', ''))
    return Object.fromEntries(names.sort().map((name) => [name, fromFiles(folder, name)]))
  },
})

function fromFiles(folder: string, name: string): Migration {
  const run = async (db: Kysely<unknown>, direction: string) => {
    // Only within the migration: waiting for another process that migrates may take as long as that needs.
    await sql`select set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, true)`.execute(db)
    await sql.raw(await readFile(join(folder, `${name}.${direction}.sql`), 'utf8')).execute(db)
  }
  return { up: (db) => run(db, 'up'), down: (db) => run(db, 'down') }
}
