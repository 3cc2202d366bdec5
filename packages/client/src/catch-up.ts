import type { SyncPage } from '@viatra-chat/contract'
import { createBackOff } from './back-off.js'
import { asChatError } from './chat-error.js'
import type { Call } from './rest.js'

export interface CatchUpOptions {
  call: Call
  isOnline: () => boolean
  /** What happened since the token, in pages. */
  onPage: (page: SyncPage) => void
  /** Nobody knows what was missed; at the very first nothing was. Syncs go on from here. */
  onReset: (page: SyncPage, isFirst: boolean) => void
  /** Nothing is missing that was committed before it began. */
  onDone: () => void
  onToken: (token: string) => void
  everyMs: number
  log: (line: string) => void
}

export interface CatchUp {
  readonly token: string | undefined
  restore(token: string | undefined): void
  /** Syncs now; if one is under way, once more after it. */
  run(): Promise<void>
  /** Syncs within some time, so that not everybody does at once. */
  soon(withinMs: number): void
  stop(): void
}

const pageMessages = 200

export function createCatchUp({ call, isOnline, onPage, onReset, onDone, onToken, everyMs, log }: CatchUpOptions): CatchUp {
  const backOff = createBackOff({ firstMs: 1000, maxMs: 30_000 })
  let token: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let dueAt = Infinity
  let isRunning = false
  let again = false

  async function run(): Promise<void> {
    again = isRunning
    if (isRunning || !isOnline()) return
    isRunning = true
    unplan()
    try {
      while (await takePage());
      backOff.reset()
      // Another one was asked for meanwhile, by a connection that this one may not have heard of: that one is to say so.
      if (!again) onDone()
      if (everyMs > 0) soon(everyMs)
    } catch (error) {
      const { code, message } = asChatError(error, 'INTERNAL')
      log(`sync failed: ${code} ${message}`)
      plan(backOff.next())
    } finally {
      isRunning = false
    }
    if (again) await run()
  }

  /** Gives whether there is more. The token is kept only after its page was taken in: what a crash interrupts comes again. */
  async function takePage(): Promise<boolean> {
    const since = token
    const page = await syncSince(since, call, log)
    if (!page.reset) onPage(page)
    token = page.next
    onToken(page.next)
    if (page.reset) onReset(page, since === undefined)
    return page.has_more
  }

  const soon = (withinMs: number): void => plan(withinMs * (0.2 + 0.8 * Math.random()))

  /** An earlier plan stands: what was asked for while a sync ran must not wait for the next check. */
  function plan(inMs: number): void {
    const at = performance.now() + inMs
    if (at >= dueAt) return
    clearTimeout(timer)
    dueAt = at
    timer = setTimeout(() => {
      dueAt = Infinity
      void run()
    }, inMs)
  }

  function unplan(): void {
    clearTimeout(timer)
    dueAt = Infinity
  }

  return {
    get token() {
      return token
    },
    restore: (kept) => (token = kept),
    run,
    soon,
    stop: unplan,
  }
}

/** A token that the server does not read, as of a newer version that was taken back, is as good as one that is too old. */
async function syncSince(since: string | undefined, call: Call, log: (line: string) => void): Promise<SyncPage> {
  try {
    return await call('sync', { limit: pageMessages, ...(since !== undefined && { since }) })
  } catch (error) {
    if (since === undefined || asChatError(error, 'INTERNAL').code !== 'VALIDATION_ERROR') throw error
    log('the server does not read the token of the last sync: starting anew')
    return call('sync', { limit: pageMessages })
  }
}
