import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase {
  url: string
  pool: pg.Pool
  /** Rows of a query. */
  rows<T extends pg.QueryResultRow>(query: string, values?: unknown[]): Promise<T[]>
  close(): Promise<void>
}

/** A database of one's own: migrated and empty, or without anything in it. */
export async function openDatabase(kind: 'migrated' | 'bare'): Promise<TestDatabase> {
  const { postgresUrl, templateDatabase } = inject('stores')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(postgresUrl, `create database ${name} template ${kind === 'migrated' ? templateDatabase : 'template0'}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href, max: 2 })
  // The drop may end connections that are just being closed: those are no longer the pool's, and say it themselves.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return {
    url: url.href,
    pool,
    rows: async <T extends pg.QueryResultRow>(query: string, values: unknown[] = []) => (await pool.query<T>(query, values)).rows,
    close: async () => {
      await pool.end()
      await administer(postgresUrl, `drop database ${name} with (force)`)
    },
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
