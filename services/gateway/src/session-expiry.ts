import { Refusal } from '@viatra-chat/chat'
import { endSession } from './session-end.js'
import type { GatewaySocket } from './socket-types.js'

export interface ExpiryWatch {
  /** Ends the session at this time rather than at the one given before. */
  until(expiresAt: Date): void
  stop(): void
}

// setTimeout takes at most 2^31 - 1 ms and fires at once beyond.
const timerMaxMs = 2 ** 31 - 1

/** A socket lives no longer than its token. */
export function watchExpiry(socket: GatewaySocket): ExpiryWatch {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  function until(expiresAt: Date): void {
    clearTimeout(timer)
    if (isStopped) return
    const leftMs = expiresAt.getTime() - Date.now()
    if (leftMs <= 0) return endSession(socket, new Refusal('TOKEN_EXPIRED'))
    timer = setTimeout(until, Math.min(leftMs, timerMaxMs), expiresAt)
  }
  function stop(): void {
    isStopped = true
    clearTimeout(timer)
  }
  return { until, stop }
}
