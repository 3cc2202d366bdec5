import { vi } from 'vitest'

/** Repeats an assertion until it holds; after 8 s its last failure is thrown. For what becomes true by itself, instead of sleeping. */
export function eventually<T>(assertion: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(assertion, { timeout: 8000, interval: 15 })
}
