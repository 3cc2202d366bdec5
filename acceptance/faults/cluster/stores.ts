import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '@viatra-chat/db'
import { postgresFolder, startPostgres, startRedis, type Store } from '@viatra-chat/local/stores'
import { Redis } from 'ioredis'
import pg from 'pg'
import { requireSoon } from '../until.js'
import { findFreePort } from './find-free-port.js'

/** A PostgreSQL that survives crashes and a Redis that forgets everything in one, both ours alone to break. */
export interface Stores {
  readonly postgres: { readonly url: URL; crash(): void; start(): Promise<void> }
  readonly redis: { readonly url: URL; crash(): Promise<void>; isBack(): Promise<void> }
  /** The harness' own ways in, beside the proxies. */
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
  const dataDir = await postgresFolder(folder)
  const port = await findFreePort()
  const start = () => startPostgres({ dataDir, port, durable: true, removeFolder: dataDir })
  // With `onRestart` it comes back by itself, on the same port and with the same password.
  const redisOptions = {
    dataDir: join(folder, 'redis'),
    port: await findFreePort(),
    durable: false,
    removeFolder: folder,
    onRestart: () => undefined,
  }
  const [postgres, redis] = await Promise.all([start(), startRedis(redisOptions)])
  await migrate(postgres.url)

  const database = new pg.Pool({ connectionString: postgres.url, max: 4, application_name: harnessApplication })
  database.on('error', () => undefined)
  const commands = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  commands.on('error', () => undefined)
  const running: { postgres: Store } = { postgres }
  return {
    database,
    commands,
    postgres: {
      url: new URL(postgres.url),
      crash: () => running.postgres.kill(),
      start: async () => {
        running.postgres = await start()
        await requireSoon(() => answers(database), 10_000, 'PostgreSQL did not come back')
      },
    },
    redis: { url: new URL(redis.url), crash: () => crashRedis(redis.url), isBack: async () => void (await commands.ping()) },
    close: async () => {
      await database.end()
      commands.disconnect()
      await Promise.all([running.postgres.stop(), redis.stop()])
      await Promise.all([folder, dataDir].map((path) => rm(path, { recursive: true, force: true })))
    },
  }
}

/** As a kill would, it leaves everybody without a word; unlike one it also works where Redis runs in a container. */
async function crashRedis(url: string): Promise<void> {
  const connection = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  connection.on('error', () => undefined)
  await connection.connect()
  await connection.call('SHUTDOWN', 'NOSAVE', 'NOW', 'FORCE').catch(() => undefined)
  connection.disconnect()
}

const answers = (database: pg.Pool) =>
  database.query('select 1').then(
    () => true,
    () => false,
  )
