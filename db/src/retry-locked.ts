import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export interface RetryOptions {
  /** How often it is tried while others hold locks. */
  attemptsMax: number
  /** Told before each further attempt. */
  onLocked?: () => void
  /** Ends the waiting between attempts. */
  signal?: AbortSignal | undefined
}

/**
 * Runs what may meet the locks of others, again and again, until it gets its own. Each attempt has to give up by itself (`lock_timeout`) and
 * leave nothing behind: whoever waits for a table makes all who come later wait behind it.
 */
export async function retryLocked<T>(run: () => Promise<T>, { attemptsMax, onLocked, signal }: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!isLocked(error) || attempt >= attemptsMax) throw error
    }
    onLocked?.()
    // Those who waited behind it go first.
    await delay(Math.min(2000, 100 * 2 ** attempt), undefined, { signal })
  }
}

const lockTimeout = '55P03'
const deadlock = '40P01'
const isLocked = (error: unknown) => error instanceof pg.DatabaseError && (error.code === lockTimeout || error.code === deadlock)
