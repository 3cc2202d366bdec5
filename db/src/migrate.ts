import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kysely, Migrator, PostgresDialect, sql, type Migration, type MigrationProvider, type MigrationResultSet } from 'kysely'
import pg from 'pg'
import { fitPlatformUsers } from './platform-users.js'
import { retryLocked } from './retry-locked.js'

const ownFolder = fileURLToPath(new URL('../migrations/', import.meta.url))

export interface MigrateOptions {
  /**
   * The longest that one statement waits for a lock, in milliseconds; 5,000. Whoever waits for a table makes all who come later wait behind it:
   * rather than stop the product, a migration gives up, is rolled back, and is tried again.
   */
  lockTimeoutMs?: number
  /** Where the pairs of files are; the product's own unless given. */
  folder?: string
  /** How often it is tried while others hold locks; 10. */
  attemptsMax?: number
}

/** A migration, and when it was applied if it was. */
export interface MigrationState {
  name: string
  appliedAt?: Date
}

/**
 * Brings a database to the newest migration and returns the names of those applied, oldest first; none when it was there already.
 * Safe to run from several processes at once, one applies, the others wait; and while the product is used. A migration that fails is rolled
 * back and thrown.
 */
export function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  return run(databaseUrl, options, async (migrator, db) => {
    await fitPlatformUsers(db)
    return migrator.migrateToLatest()
  })
}

/** Takes the newest applied migration back; the names of what was taken back, none when nothing is applied. */
export function migrateDown(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  return run(databaseUrl, options, (migrator) => migrator.migrateDown())
}

/** All migrations that this version knows, oldest first. Changes nothing. */
export function listMigrations(databaseUrl: string): Promise<MigrationState[]> {
  return withMigrator(databaseUrl, {}, async (migrator) =>
    (await migrator.getMigrations()).map(({ name, executedAt }) => ({ name, ...(executedAt && { appliedAt: executedAt }) })),
  )
}

type Step = (migrator: Migrator, db: Kysely<unknown>) => Promise<MigrationResultSet>

function run(databaseUrl: string, options: MigrateOptions, step: Step): Promise<string[]> {
  const { attemptsMax = 10 } = options
  return retryLocked(() => runOnce(databaseUrl, options, step), { attemptsMax })
}

async function runOnce(databaseUrl: string, options: MigrateOptions, step: Step): Promise<string[]> {
  const { results = [], error } = await withMigrator(databaseUrl, options, (migrator, db) =>
    step(migrator, db).catch((thrown: unknown): MigrationResultSet => ({ error: thrown })),
  )
  if (error) throw error instanceof Error ? error : new Error('migrating failed', { cause: error })
  return results.map((result) => result.migrationName)
}

async function withMigrator<T>(
  databaseUrl: string,
  { lockTimeoutMs = 5000, folder = ownFolder }: MigrateOptions,
  use: (migrator: Migrator, db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, lock_timeout: lockTimeoutMs })
  // A connection that breaks fails what is asked on it; without a listener it would end the process as well.
  pool.on('error', () => undefined)
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const names = { migrationTableName: 'chat_migrations', migrationLockTableName: 'chat_migrations_lock' }
  try {
    return await use(new Migrator({ db, provider: sqlFiles(folder), ...names }), db)
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
    await sql.raw(await readFile(join(folder, `${name}.${direction}.sql`), 'utf8')).execute(db)
  }
  return { up: (db) => run(db, 'up'), down: (db) => run(db, 'down') }
}
