import { rm } from 'node:fs/promises'
import { startRedis } from '@viatra-chat/local/stores'

/** What every part that opens the domain opens it with; a part changes what it measures. */
export const chatSettings = {
  messageLengthMax: 5000,
  conversationPageSize: 20,
  messagePageSize: 50,
  rateLimitMultiplier: 1e6,
  cache: false,
  push: { enabled: false },
}

/** No part looks at tokens. */
export const jwt = { secret: 'not used here, but long enough to be one' }

/** Gives `use` the URL of a Redis of its own, which is gone afterwards. */
export async function withRedis(use) {
  const folder = `/var/tmp/viatra-bench-redis-${process.pid}`
  const store = await startRedis({ dataDir: folder, durable: false, removeFolder: folder })
  try {
    return await use(store.url)
  } finally {
    await store.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
