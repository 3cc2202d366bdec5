import { bounds } from '@viatra-chat/contract'
import { Refusal } from '../refusal.js'
import { createLocalWindows } from './local-windows.js'

/**
 * Bounds how many bad tokens an address may try in a minute at one process. Beyond that they are answered with RATE_LIMITED.
 * Good tokens are let in and expired ones told so whatever others behind the same address do.
 */
export interface FailedTokens {
  /** What to answer a caller from this address who was refused: the refusal itself, or that there were too many. */
  answer(address: string, refusal: Refusal): Refusal
}

export function createFailedTokens(multiplier: number): FailedTokens {
  const limit = Math.max(1, Math.floor(bounds.failedTokensPerMinute * multiplier))
  const windows = createLocalWindows()
  return {
    answer(address, refusal) {
      if (refusal.code !== 'TOKEN_INVALID') return refusal
      const [used, resetMs] = windows.count(address, limit)
      if (used <= limit) return refusal
      const seconds = Math.ceil(resetMs / 1000)
      return new Refusal('RATE_LIMITED', { message: `Too many bad tokens. Try again in ${seconds} s.`, retryAfterS: seconds })
    },
  }
}
