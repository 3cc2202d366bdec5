import { vi } from 'vitest'

/** Repeats an assertion until it holds; after 20 s its last failure is thrown. For what becomes true by itself, instead of sleeping. */
export function eventually<T>(assertion: () => T | Promise<T>, timeoutMs = 20_000): Promise<T> {
  return vi.waitFor(assertion, { timeout: timeoutMs, interval: 15 })
}
