import { bounds } from '@viatra-chat/contract'

/** `flooding`: refused, and so for so long that the connection is to be closed. */
export type Admission = 'admitted' | 'refused' | 'flooding'

export interface Throttle {
  /** @param nowMs a clock that never goes back. */
  admit(nowMs: number): Admission
}

// Refusals further apart belong to two floods.
const floodGapMs = 2000

/** A token bucket for the events of one connection: 50 a second with bursts of 100, times `multiplier`. */
export function createThrottle(multiplier: number): Throttle {
  const perMs = (bounds.socketEventsPerSecond * multiplier) / 1000
  const burst = Math.max(1, bounds.socketEventsBurst * multiplier)
  let tokens = burst
  let filledAt: number | undefined
  let floodSince: number | undefined
  let refusedAt = -Infinity

  function refuse(nowMs: number): Admission {
    if (floodSince === undefined || nowMs - refusedAt > floodGapMs) floodSince = nowMs
    refusedAt = nowMs
    return nowMs - floodSince >= bounds.socketFloodCloseMs ? 'flooding' : 'refused'
  }

  return {
    admit(nowMs) {
      tokens = Math.min(burst, tokens + (nowMs - (filledAt ?? nowMs)) * perMs)
      filledAt = nowMs
      if (tokens < 1) return refuse(nowMs)
      tokens--
      return 'admitted'
    },
  }
}
