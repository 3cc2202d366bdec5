import { execFile } from 'node:child_process'
import { chown, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { stat } from 'node:fs/promises'
import pg from 'pg'
import { requireSoon } from '../until.js'
import { findFreePort } from './find-free-port.js'
import { startDurably, type PostgresServer, type Stores } from './stores.js'

const run = promisify(execFile)

/** A second server without which the first acknowledges nothing. */
export interface SynchronousStandby {
  readonly server: PostgresServer
  /** It takes over, alone from now on. */
  promote(): Promise<void>
}

/** Copies the running server through its backup mode, which needs no program beside it, and makes every commit wait for the copy's disk. */
export async function startSynchronousStandby({ database, postgres }: Stores): Promise<SynchronousStandby> {
  const { dataDir, port: firstPort } = postgres.server
  const port = await findFreePort()
  const copy = { dataDir: `${join(dirname(dataDir), basename(dataDir).split('-')[0] ?? 'postgres')}-${port}`, port }
  await copyRunning(database, dataDir, copy.dataDir)
  const { username, password } = postgres.url
  const upstream = `host=127.0.0.1 port=${firstPort} user=${username} password=${password} application_name=standby`
  await writeAs(dataDir, join(copy.dataDir, 'cluster', 'standby.signal'), '')
  await writeAs(dataDir, join(copy.dataDir, 'cluster', 'postgresql.auto.conf'), `primary_conninfo = '${upstream}'\n`)
  const server = { ...copy, store: await startDurably(copy) }
  await makeSynchronous(database)
  return { server, promote: () => promote(server) }
}

async function copyRunning(database: pg.Pool, from: string, to: string): Promise<void> {
  const session = await database.connect()
  try {
    await session.query(`select pg_backup_start('standby', true)`)
    await run('cp', ['-a', from, to])
    const { rows } = await session.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    await writeAs(from, join(to, 'cluster', 'backup_label'), rows[0]?.labelfile ?? '')
  } finally {
    session.release()
  }
  await rm(join(to, 'cluster', 'postmaster.pid'), { force: true })
}

/** Writes a file that belongs to whom the server's files do. */
async function writeAs(dataDir: string, path: string, text: string): Promise<void> {
  const { uid, gid } = await stat(join(dataDir, 'cluster'))
  await writeFile(path, text, { mode: 0o600 })
  await chown(path, uid, gid)
}

async function makeSynchronous(database: pg.Pool): Promise<void> {
  await database.query(`alter system set synchronous_standby_names = 'standby'`)
  await database.query('select pg_reload_conf()')
  const isSynchronous = async () =>
    (await database.query(`select 1 from pg_stat_replication where application_name = 'standby' and sync_state = 'sync'`)).rowCount === 1
  await requireSoon(isSynchronous, 20_000, 'the standby did not catch up')
}

async function promote({ store }: PostgresServer): Promise<void> {
  const session = new pg.Client({ connectionString: store.url })
  await session.connect()
  try {
    await session.query('select pg_promote(true, 30)')
  } finally {
    await session.end()
  }
}
