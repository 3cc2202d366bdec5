import type pg from 'pg'
import { serviceFunctions, serviceRights } from './service-rights.js'
import { withClient } from './with-client.js'

/** The role that the services are meant to run under. */
export const serviceRole = 'viatra_chat_service'

export interface ServiceRoleOptions {
  /** Another name, where several installations share a server. */
  role?: string
  /** The role may log in with it; absent: the role's log-in is left as it is (a new role then has none). */
  password?: string
}

/**
 * Makes the role of the services where it is missing and gives it the rights of `service-rights.ts`, taking all others away. To be run
 * after each migration, as the owner of the tables.
 * @returns `databaseUrl` with the role and its password instead of the owner's.
 * @throws when the owner may not make roles.
 */
export async function grantServiceRole(databaseUrl: string, { role = serviceRole, password }: ServiceRoleOptions): Promise<string> {
  await withClient(databaseUrl, async (client) => {
    await createRole(client, role, password)
    await client.query(grants(client.escapeIdentifier(role)))
  })
  return asRole(databaseUrl, role, password)
}

async function createRole(client: pg.Client, role: string, password: string | undefined): Promise<void> {
  const name = client.escapeIdentifier(role)
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
  // Somebody else may make it in this very moment.
  if (rowCount === 0) await client.query(`create role ${name}`).catch(ignoreIfThere)
  const limits = 'nosuperuser nocreatedb nocreaterole noreplication nobypassrls'
  if (password !== undefined) await client.query(`alter role ${name} ${limits} login password ${client.escapeLiteral(password)}`)
}

function ignoreIfThere(error: Error & { code?: string }): void {
  if (error.code !== '42710' && error.code !== '23505') throw error
}

function grants(role: string): string {
  const tables = Object.entries(serviceRights).map(([table, rights]) => `grant ${rights.map(withSpace).join(', ')} on ${table} to ${role};`)
  const functions = serviceFunctions.map((signature) => `grant execute on function ${signature} to ${role};`)
  return [
    'revoke create on schema public from public;',
    `revoke all on all tables in schema public from ${role};`,
    `revoke all on schema public from ${role};`,
    `grant usage on schema public to ${role};`,
    ...tables,
    ...functions,
  ].join('\n')
}

const withSpace = (right: string) => right.replace('(', ' (')

function asRole(databaseUrl: string, role: string, password: string | undefined): string {
  const url = new URL(databaseUrl)
  url.username = encodeURIComponent(role)
  url.password = encodeURIComponent(password ?? '')
  return url.href
}
