/** Numbers that look random and are the same in every run. */
export interface Random {
  /** In [0, 1). */
  fraction(): number
  /** A whole number, both ends included. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(values: readonly T[]): T
}

/** Mulberry32: small, and good enough for a demo. */
export function createRandom(start: number): Random {
  let state = start >>> 0
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1))
  return {
    fraction,
    between,
    chance: (probability) => fraction() < probability,
    pick: <T>(values: readonly T[]): T => {
      const picked = values[between(0, values.length - 1)]
      if (picked === undefined) throw new Error('there is nothing to pick from')
      return picked
    },
  }
}

/** A UUID of version 7: ordered by `ms`, a time in milliseconds since 1970. */
export function timeOrderedId(ms: number, random: Random): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  const hex = (digits: number) =>
    Math.floor(random.fraction() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(8)}${hex(4)}`
}
