import { asChatError, isPassing, type ChatError } from './chat-error.js'
import type { SessionToken } from './session-token.js'

export interface RenewalOptions {
  token: SessionToken
  ask: (event: string, payload: unknown) => Promise<unknown>
  isOnline: () => boolean
  onError: (error: ChatError) => void
}

// A token is renewed when this share of its time is left, at most a minute before its end.
const renewalShare = 0.25
const renewalLeadMaxMs = 60_000
const retryMs = 5000
// setTimeout takes at most 2^31 - 1 ms and fires at once beyond.
const timerMaxMs = 2 ** 31 - 1

/** Shows the server a fresh token before the one of the connection expires, so that the connection stays. */
export function keepAlive({ token, ask, isOnline, onError }: RenewalOptions): { plan(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined

  function plan(): void {
    clearTimeout(timer)
    const leftMs = (token.expiresAt() ?? 0) - Date.now()
    // The server has just taken it: the clock here is wrong. The server's `TOKEN_EXPIRED` comes in its time.
    if (leftMs <= 0) return
    const dueMs = leftMs - Math.min(renewalLeadMaxMs, leftMs * renewalShare)
    timer = setTimeout(() => void renew(), Math.min(dueMs, timerMaxMs))
  }

  async function renew(): Promise<void> {
    if (!isOnline()) return
    try {
      await ask('authenticate', { token: await token.renew() })
      plan()
    } catch (error) {
      const failure = asChatError(error, 'NO_TOKEN')
      if (!isPassing(failure)) onError(failure)
      if (isOnline()) timer = setTimeout(() => void renew(), retryMs)
    }
  }
  return { plan, stop: () => clearTimeout(timer) }
}
