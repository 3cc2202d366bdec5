import { bounds } from '@viatra-chat/contract'

/** `flooding`: refused, and so for so long that the connection is to be closed. */
export type Admission = 'admitted' | 'refused' | 'flooding'

export interface Throttle {
  /**
   * @param connectionId whose event it is.
   * @param nowMs a clock that never goes back.
   */
  admit(connectionId: string, nowMs: number): Admission
}

// Refusals further apart belong to two floods.
const floodGapMs = 2000
const sweepMs = 1000

/**
 * A token bucket for the events of each connection: 50 a second with bursts of 100, times `multiplier`. Of a connection that has been quiet
 * nothing is kept: most are, and there are many.
 */
export function createThrottle(multiplier: number): Throttle {
  const msEach = 1000 / (bounds.socketEventsPerSecond * multiplier)
  const emptyMs = Math.max(1, bounds.socketEventsBurst * multiplier) * msEach
  // A bucket is when it will be full again: with each event that takes it longer, until it would take longer than from empty.
  const fullAt = new Map<string, number>()
  const floods = new Map<string, { since: number; refusedAt: number }>()
  let sweptAt = 0

  function sweep(nowMs: number): void {
    sweptAt = nowMs
    for (const [id, at] of fullAt) if (at <= nowMs) fullAt.delete(id)
    for (const [id, { refusedAt }] of floods) if (nowMs - refusedAt > floodGapMs) floods.delete(id)
  }

  function refuse(connectionId: string, nowMs: number): Admission {
    const known = floods.get(connectionId)
    const since = known && nowMs - known.refusedAt <= floodGapMs ? known.since : nowMs
    floods.set(connectionId, { since, refusedAt: nowMs })
    return nowMs - since >= bounds.socketFloodCloseMs ? 'flooding' : 'refused'
  }

  return {
    admit(connectionId, nowMs) {
      if (nowMs - sweptAt > sweepMs) sweep(nowMs)
      const at = Math.max(fullAt.get(connectionId) ?? nowMs, nowMs) + msEach
      if (at - nowMs > emptyMs) return refuse(connectionId, nowMs)
      fullAt.set(connectionId, at)
      return 'admitted'
    },
  }
}
