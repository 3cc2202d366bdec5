import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '@viatra-chat/local/stores'
import { Redis } from 'ioredis'

/** A Redis server for one test file, which may do to it what others would feel. */
export interface OwnRedis {
  readonly url: string
  readonly redis: Redis
  stop(): Promise<void>
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const dataDir = await mkdtemp(join(tmpdir(), 'viatra-test-redis-'))
  const store = await startRedis({ dataDir, durable: false, removeFolder: dataDir })
  const redis = new Redis(store.url)
  return {
    url: store.url,
    redis,
    async stop() {
      redis.disconnect()
      await store.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
