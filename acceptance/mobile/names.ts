import { expect } from 'vitest'

/** Values by the names that the page gives them: `{conversation}`. */
export type Names = Map<string, unknown>

/** A text with its names replaced; a name without a value throws. */
export function fillIn(text: string, names: Names): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (!names.has(name)) throw new Error(`{${name}} has no value yet`)
    return String(names.get(name))
  })
}

/**
 * Compares what came with what the page says: `"…"` fits anything, a key `…` allows further keys, `{name}` fits its value and takes the first one
 * that comes. Gives what is wrong, or undefined; takes names only when all fits.
 */
export function misfit(expected: unknown, seen: unknown, names: Names): string | undefined {
  const taken: Names = new Map()
  const problem = compare(expected, seen, '', (name, value) => {
    if (!names.has(name)) taken.set(name, value)
    return Object.is(names.get(name) ?? taken.get(name), value)
  })
  if (problem === undefined) for (const [name, value] of taken) names.set(name, value)
  return problem
}

type Take = (name: string, value: unknown) => boolean

function compare(expected: unknown, seen: unknown, path: string, take: Take): string | undefined {
  if (expected === '…') return seen === undefined ? `${path} is missing` : undefined
  const name = typeof expected === 'string' ? /^\{(\w+)\}$/.exec(expected)?.[1] : undefined
  if (name !== undefined) return take(name, seen) ? undefined : `${path} is ${JSON.stringify(seen)} and not {${name}}`
  if (isNested(expected) && isNested(seen) && Array.isArray(expected) === Array.isArray(seen))
    return compareNested(expected, seen, path, take)
  return Object.is(expected, seen) ? undefined : `${path} is ${JSON.stringify(seen)}`
}

type Nested = Record<string, unknown>

function compareNested(expected: Nested, seen: Nested, path: string, take: Take): string | undefined {
  const surplus = Object.keys(seen).filter((key) => !Object.hasOwn(expected, key))
  if (surplus.length > 0 && !Object.hasOwn(expected, '…')) return `${path} has more: ${surplus.join(', ')}`
  const keys = Object.keys(expected).filter((key) => key !== '…')
  return keys.map((key) => compare(expected[key], seen[key], `${path}.${key}`, take)).find((problem) => problem !== undefined)
}

const isNested = (value: unknown): value is Nested => typeof value === 'object' && value !== null

export function expectFit(expected: unknown, seen: unknown, names: Names): void {
  expect(misfit(expected, seen, names), JSON.stringify(seen)).toBe(undefined)
}
