import { randomBytes } from 'node:crypto'
import { grantServiceRole } from '@viatra-chat/db'
import { Problem, reasonOf } from '../problem.js'
import type { Settings } from './settings.js'

/**
 * The database as the services see it: on our own PostgreSQL under their role of few rights, with a password that is new at every start.
 * A database that was given to us is used as the person of its URL: who runs one decides about its roles (`pnpm db:roles`).
 * @throws Problem when the role cannot be made.
 */
export async function serviceDatabaseUrl({ env }: Settings, databaseUrl: string): Promise<string> {
  if (env.DATABASE_URL) return databaseUrl
  return grantServiceRole(databaseUrl, { password: randomBytes(24).toString('hex') }).catch((error: unknown) => {
    throw new Problem(`The role of the services could not be made: ${reasonOf(error)}`)
  })
}
