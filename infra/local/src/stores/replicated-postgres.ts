import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { findFreePort } from '../processes/find-free-port.js'
import { startPostgres, type PostgresOptions } from './postgres.js'
import type { Store } from './store.js'

const run = promisify(execFile)

/** A PostgreSQL and a standby that it streams to. */
export interface ReplicatedPostgres {
  readonly primary: Store
  /** The same database on the standby. */
  replicaUrl(databaseUrl: string): string
  /** Runs a statement on the standby as its superuser. */
  onReplica(statement: string): Promise<void>
  stopReplica(): Promise<void>
  startReplica(): Promise<void>
  close(): Promise<void>
}

/**
 * For tests and measurements: everything of it goes when it is closed. The standby begins as a copy of the primary, made while that stands still:
 * npm's PostgreSQL has no pg_basebackup.
 */
export async function startReplicatedPostgres({ durable }: Pick<PostgresOptions, 'durable'>): Promise<ReplicatedPostgres> {
  const folder = join(tmpdir(), `viatra-replicated-${randomUUID()}`)
  const dirs = { primary: `${folder}-primary`, replica: `${folder}-replica` }
  const ports = { primary: await findFreePort(), replica: await findFreePort() }
  const start = (name: keyof typeof dirs) => startPostgres({ dataDir: dirs[name], removeFolder: dirs[name], port: ports[name], durable })

  const fresh = await start('primary')
  await fresh.stop()
  await run('cp', ['-a', dirs.primary, dirs.replica])
  const source = new URL(fresh.url)
  const settings = `primary_conninfo = 'host=127.0.0.1 port=${ports.primary} user=${source.username} password=${source.password}'\n`
  await appendFile(join(dirs.replica, 'cluster/postgresql.auto.conf'), settings)
  await writeFile(join(dirs.replica, 'cluster/standby.signal'), '')

  const primary = await start('primary')
  let replica = await start('replica')
  return {
    primary,
    replicaUrl: (databaseUrl) => Object.assign(new URL(databaseUrl), { port: String(ports.replica) }).href,
    async onReplica(statement) {
      const client = new pg.Client({ connectionString: replica.url })
      await client.connect()
      await client.query(statement).finally(() => client.end())
    },
    stopReplica: () => replica.stop(),
    startReplica: async () => void (replica = await start('replica')),
    async close() {
      await replica.stop()
      await primary.stop()
      for (const dir of Object.values(dirs)) await rm(dir, { recursive: true, force: true })
    },
  }
}
