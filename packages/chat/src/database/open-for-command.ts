import type { Tables } from '@viatra-chat/db'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'

/** The database for a command that a person runs. */
export function openForCommand(databaseUrl: string): Kysely<Tables> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  // A connection that breaks fails what is asked on it; without a listener it would end the command in the middle of a line.
  pool.on('error', () => undefined)
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}
