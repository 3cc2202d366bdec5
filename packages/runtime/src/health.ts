export interface Readiness {
  /** Whether every check passed: the instance may be sent requests. */
  ready: boolean
  checks: Record<string, 'up' | 'down'>
}

const CHECK_TIMEOUT_MS = 1000

/**
 * Runs all checks at once; one that rejects, throws or takes longer than a second is down. Never rejects.
 * Those that are `tolerated` may be down: the instance works on without them.
 */
export async function readiness(checks: Record<string, () => Promise<void>>, tolerated: readonly string[] = []): Promise<Readiness> {
  const results = await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await probe(check)] as const))
  return { ready: results.every(([name, state]) => state === 'up' || tolerated.includes(name)), checks: Object.fromEntries(results) }
}

async function probe(check: () => Promise<void>): Promise<'up' | 'down'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'down'>((resolve) => {
    timer = setTimeout(() => resolve('down'), CHECK_TIMEOUT_MS)
  })
  try {
    return await Promise.race([check().then(() => 'up' as const), late])
  } catch {
    return 'down'
  } finally {
    clearTimeout(timer)
  }
}
