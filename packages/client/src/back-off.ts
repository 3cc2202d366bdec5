export interface BackOff {
  /** The next wait, ms. */
  next(): number
  reset(): void
}

/** Waits that double up to `maxMs`. Random, so that the clients of a server that is gone come back spread over time. */
export function createBackOff({ firstMs, maxMs }: { firstMs: number; maxMs: number }, random: () => number = Math.random): BackOff {
  let tries = 0
  return {
    next: () => Math.min(maxMs, firstMs * 2 ** Math.min(tries++, 16)) * (0.2 + 0.8 * random()),
    reset: () => void (tries = 0),
  }
}
