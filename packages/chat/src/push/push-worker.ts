import type { Chat } from '../chat.js'
import { decidePushes } from './decide-pushes.js'
import { deliverPushes } from './deliver-pushes.js'
import { forgetOldPushes } from './push-log.sql.js'
import type { PushTransport } from './push-transport.js'

export interface PushWorker {
  /** Begins nothing new and waits for what is under way, at most some seconds; what is left is another worker's. */
  stop(): Promise<void>
}

// Long enough for a join that came just before a message to be known.
const intervalMs = 250
// One call that hangs must not hold up all other devices.
const callsAtOnce = 3
const cleaningMs = 10 * 60_000
const stopWithinMs = 3000

/**
 * Decides who gets pushes, and sends them. Any number of workers may run, in any process: what one has taken it holds for some time, and if
 * it dies another one goes on. Deciding and sending are loops of their own, so that a slow FCM holds up nothing but itself.
 */
export function startPushWorker(chat: Chat, transport: PushTransport): PushWorker {
  const loops = [
    startLoop(chat, intervalMs, () => decidePushes(chat)),
    ...Array.from({ length: callsAtOnce }, () => startLoop(chat, intervalMs, () => deliverAtPace(chat, transport))),
    startLoop(chat, cleaningMs, () => forgetOldPushes(chat.db).then(() => false)),
  ]
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()))
      await transport.close()
    },
  }
}

async function deliverAtPace(chat: Chat, transport: PushTransport): Promise<boolean> {
  const startedAt = performance.now()
  const tried = await deliverPushes(chat, transport)
  const restMs = (tried * 1000 * callsAtOnce) / chat.settings.push.perSecond - (performance.now() - startedAt)
  if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs).unref())
  return tried > 0
}

/** Runs a step again and again: at once while it says that there may be more, else after the interval. */
function startLoop(chat: Chat, everyMs: number, step: () => Promise<boolean>): { stop(): Promise<void> } {
  let isStopped = false
  let running = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const run = async () => {
    try {
      while (!isStopped && (await step()));
    } catch (error) {
      chat.log.debug({ err: error }, 'the push worker waits')
    }
    if (!isStopped) timer = setTimeout(next, everyMs)
  }
  const next = () => void (running = run())
  next()
  return {
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, stopWithinMs).unref())])
    },
  }
}
