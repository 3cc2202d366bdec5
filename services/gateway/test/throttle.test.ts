import { describe, expect, test } from 'vitest'
import { createThrottle, type Admission } from '../src/throttle.js'

/** Admissions of one event every `everyMs`, from `fromMs` on. */
function steady(
  throttle: ReturnType<typeof createThrottle>,
  everyMs: number,
  { fromMs = 0, forMs }: { fromMs?: number; forMs: number },
): Admission[] {
  return Array.from({ length: Math.floor(forMs / everyMs) }, (_, i) => throttle.admit('a', fromMs + i * everyMs))
}

describe('the throttle of a connection', () => {
  test('admits a burst of 100 and then 50 a second', () => {
    const throttle = createThrottle(1)
    const burst = steady(throttle, 0.001, { forMs: 0.15 })
    expect(burst.filter((admission) => admission === 'admitted')).toHaveLength(100)
    const second = steady(throttle, 10, { fromMs: 10, forMs: 1000 })
    expect(second.filter((admission) => admission === 'admitted')).toHaveLength(50)
  })

  test('never refuses 50 events a second', () => {
    expect(new Set(steady(createThrottle(1), 20, { forMs: 60_000 }))).toEqual(new Set(['admitted']))
  })

  test('calls it flooding once refusals have gone on for 10 s', () => {
    const admissions = steady(createThrottle(1), 5, { forMs: 13_000 })
    const firstRefusal = admissions.indexOf('refused')
    const flooding = admissions.indexOf('flooding')
    expect((flooding - firstRefusal) * 5).toBeGreaterThanOrEqual(10_000)
    expect((flooding - firstRefusal) * 5).toBeLessThan(10_100)
  })

  test('forgives a flood that has paused', () => {
    const throttle = createThrottle(1)
    steady(throttle, 5, { forMs: 9000 })
    expect(steady(throttle, 5, { fromMs: 12_000, forMs: 5000 })).not.toContain('flooding')
  })

  test('counts each connection for itself, and none less for having looked at others meanwhile', () => {
    const throttle = createThrottle(1)
    steady(throttle, 0.001, { forMs: 0.15 })
    expect(throttle.admit('b', 1)).toBe('admitted')
    // Two seconds fill it again; by then it has been looked through.
    expect(throttle.admit('b', 1500)).toBe('admitted')
    const rest = steady(throttle, 0.001, { fromMs: 1500, forMs: 0.15 })
    expect(rest.filter((admission) => admission === 'admitted')).toHaveLength(75)
  })

  test('is scaled by the multiplier', () => {
    const admissions = steady(createThrottle(3), 0.001, { forMs: 0.5 })
    expect(admissions.filter((admission) => admission === 'admitted')).toHaveLength(300)
  })
})
