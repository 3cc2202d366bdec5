import { setTimeout as delay } from 'node:timers/promises'

/** Looks again every 50 ms until the condition holds. Gives how long that took in ms, undefined when it did not come true in time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<number | undefined> {
  const startedAt = performance.now()
  while (!(await condition())) {
    if (performance.now() - startedAt > timeoutMs) return undefined
    await delay(50)
  }
  return performance.now() - startedAt
}

/** As {@link until}, but not coming true is a failure with this sentence. */
export async function requireSoon(condition: () => boolean | Promise<boolean>, timeoutMs: number, otherwise: string): Promise<number> {
  const tookMs = await until(condition, timeoutMs)
  if (tookMs === undefined) throw new Error(`${otherwise} (waited ${timeoutMs / 1000} s)`)
  return tookMs
}
