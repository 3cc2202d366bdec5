import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../problem.js'
import { postgresFolder, startPostgres } from '../stores/postgres.js'
import { startRedis } from '../stores/redis.js'
import { givenStore, type Store } from '../stores/store.js'
import type { Print } from './run-instance.js'
import { problemsOnly, serviceLog } from './service-log.js'
import type { Settings } from './settings.js'

/** The two stores of an instance. */
export interface Stores {
  postgres: Store
  redis: Store
}

/** Makes the data folder; with `--fresh` an empty one. */
export async function prepareDataDir({ dataDir, fresh, env }: Settings): Promise<void> {
  const given = ['DATABASE_URL', 'REDIS_URL'].filter((name) => env[name])
  if (fresh && given.length > 0) {
    throw new Problem(
      `--fresh empties only stores that this command runs itself: unset ${given.join(' and ')}, or empty what is there yourself.`,
    )
  }
  if (fresh) {
    for (const name of ['postgres', 'redis', 'logs', 'jwt-secret', 'running.json'])
      await rm(join(dataDir, name), { recursive: true, force: true })
    await rm(await postgresFolder(dataDir), { recursive: true, force: true })
  }
  const created = await mkdir(dataDir, { recursive: true })
  // PostgreSQL's own user has to pass through on its way to its data, which nobody else can read.
  if (created !== undefined) await chmod(dataDir, 0o711)
}

/** Uses the stores that the environment names and starts the others. Both at once; when one fails the other is stopped again. */
export async function startStores(settings: Settings, print: Print): Promise<Stores> {
  const started = await Promise.allSettled([postgresStore(settings, print), redisStore(settings, print)])
  const [postgres, redis] = started
  if (postgres.status === 'fulfilled' && redis.status === 'fulfilled') return { postgres: postgres.value, redis: redis.value }
  for (const store of started) if (store.status === 'fulfilled') await store.value.stop()
  throw postgres.status === 'rejected' ? postgres.reason : (redis as PromiseRejectedResult).reason
}

async function postgresStore({ dataDir, env }: Settings, print: Print): Promise<Store> {
  if (env.DATABASE_URL) return givenStore(env.DATABASE_URL, 'PostgreSQL of DATABASE_URL')
  const onLine = serviceLog(dataDir, 'postgres', () => undefined)
  return startPostgres({ dataDir: await postgresFolder(dataDir), durable: true, onLine, onRestart: print })
}

async function redisStore({ dataDir, env }: Settings, print: Print): Promise<Store> {
  if (env.REDIS_URL) return givenStore(env.REDIS_URL, 'Redis of REDIS_URL')
  const onLine = serviceLog(dataDir, 'redis', problemsOnly('redis', print))
  return startRedis({ dataDir: join(dataDir, 'redis'), durable: true, say: print, onLine, onRestart: print })
}
