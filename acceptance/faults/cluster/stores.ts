import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '@viatra-chat/db'
import { postgresFolder, startPostgres, startRedis, type Store } from '@viatra-chat/local/stores'
import { startTcpProxy } from '@viatra-chat/testkit'
import { Redis } from 'ioredis'
import pg from 'pg'
import { requireSoon } from '../until.js'
import { findFreePort } from './find-free-port.js'

/** Where a store listens. The lines to it read this for each new connection: changing it moves them to another server. */
export interface Place {
  readonly host: string
  port: number
}

/** The server that is PostgreSQL now. */
export interface PostgresServer {
  store: Store
  dataDir: string
  port: number
}

/** A PostgreSQL that survives crashes and a Redis that forgets everything in one, both ours alone to break. */
export interface Stores {
  readonly postgres: { readonly url: URL; readonly at: Place; server: PostgresServer; crash(): void; start(): Promise<void> }
  readonly redis: { readonly url: URL; readonly at: Place; crash(): Promise<void>; isBack(): Promise<void> }
  /** Belongs to this run and goes with it. */
  readonly folder: string
  /** The harness' own ways in, on lines that are never broken. */
  readonly database: pg.Pool
  readonly commands: Redis
  close(): Promise<void>
}

/** Name of the harness' own sessions: faults that end sessions spare them. */
export const harnessApplication = 'faults'

export async function startStores(): Promise<Stores> {
  const folder = await mkdtemp(join(tmpdir(), 'viatra-faults-'))
  // PostgreSQL may have to run as another user, who passes through.
  await chmod(folder, 0o711)
  const [server, redisStore] = await Promise.all([startFirstPostgres(folder), startForgetfulRedis(folder)])
  await migrate(server.store.url)

  const postgresUrl = new URL(server.store.url)
  const redisUrl = new URL(redisStore.url)
  const postgresAt = { host: '127.0.0.1', port: server.port }
  const redisAt = { host: '127.0.0.1', port: Number(redisUrl.port) }
  const lines = await Promise.all([startTcpProxy(postgresAt), startTcpProxy(redisAt)])
  const database = new pg.Pool({ connectionString: onPort(postgresUrl, lines[0].port), max: 4, application_name: harnessApplication })
  database.on('error', () => undefined)
  const commands = new Redis(onPort(redisUrl, lines[1].port), { retryStrategy: () => 50, maxRetriesPerRequest: null })
  commands.on('error', () => undefined)

  const postgres: Stores['postgres'] = {
    url: postgresUrl,
    at: postgresAt,
    server,
    crash: () => postgres.server.store.kill(),
    start: async () => {
      postgres.server.store = await startDurably(postgres.server)
      await requireSoon(() => answers(database), 10_000, 'PostgreSQL did not come back')
    },
  }
  return {
    folder,
    database,
    commands,
    postgres,
    redis: { url: redisUrl, at: redisAt, crash: () => crashRedis(redisStore.url), isBack: async () => void (await commands.ping()) },
    close: async () => {
      await database.end()
      commands.disconnect()
      await Promise.all([postgres.server.store.stop(), redisStore.stop()])
      await Promise.all([...lines.map((line) => line.close()), ...foldersOf(folder, server, postgres.server).map(remove)])
    },
  }
}

async function startFirstPostgres(folder: string): Promise<PostgresServer> {
  const place = { dataDir: await postgresFolder(folder), port: await findFreePort() }
  return { ...place, store: await startDurably(place) }
}

/** Starts a server on what is in `dataDir`; every commit is on the disk before it is answered. */
export const startDurably = ({ dataDir, port }: Omit<PostgresServer, 'store'>): Promise<Store> =>
  startPostgres({ dataDir, port, durable: true, removeFolder: dataDir })

// With `onRestart` it comes back by itself, on the same port and with the same password.
const startForgetfulRedis = async (folder: string) =>
  startRedis({
    dataDir: join(folder, 'redis'),
    port: await findFreePort(),
    durable: false,
    removeFolder: folder,
    onRestart: () => undefined,
  })

/** As a kill would, it leaves everybody without a word; unlike one it also works where Redis runs in a container. */
async function crashRedis(url: string): Promise<void> {
  const connection = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  connection.on('error', () => undefined)
  await connection.connect()
  await connection.call('SHUTDOWN', 'NOSAVE', 'NOW', 'FORCE').catch(() => undefined)
  connection.disconnect()
}

function onPort(url: URL, port: number): string {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}

const answers = (database: pg.Pool) =>
  database.query('select 1').then(
    () => true,
    () => false,
  )

const foldersOf = (folder: string, first: PostgresServer, last: PostgresServer) => [folder, first.dataDir, last.dataDir]
const remove = (path: string) => rm(path, { recursive: true, force: true })
