export interface GatherOptions {
  /** How many runs may be under way; what comes meanwhile waits and goes together. */
  runsMax?: number
  /** How many items one run takes. */
  itemsMax?: number
  /** A run that takes longer than this does not count as under way any more: one that hangs must not hold up the rest. */
  lateAfterMs?: number
}

/**
 * For queries: one at a time. What comes meanwhile goes with the next, so that a storm is a bounded number of queries on any machine, and
 * somebody alone waits for nobody.
 */
export const oneAtATime: GatherOptions = { runsMax: 1, lateAfterMs: 100 }

interface Waiting<I, O> {
  item: I
  resolve(answer: O): void
  reject(error: unknown): void
}

/**
 * Gathers what is asked within one turn of the event loop and has it answered in one go: under load that is a fraction of the commands and
 * system calls. `run` is called after every one of its items was asked for, and gives an answer for each, in their order; when it rejects, all do.
 */
export function gatherByTurn<I, O>(
  run: (items: readonly I[]) => Promise<readonly O[]>,
  { runsMax = Infinity, itemsMax = 500, lateAfterMs }: GatherOptions = {},
): (item: I) => Promise<O> {
  const waiting: Waiting<I, O>[] = []
  let running = 0
  let isPlanned = false

  function plan(): void {
    if (isPlanned || running >= runsMax || waiting.length === 0) return
    isPlanned = true
    setImmediate(start)
  }

  function start(): void {
    isPlanned = false
    const some = waiting.splice(0, itemsMax)
    const end = begin()
    run(some.map(({ item }) => item))
      .then(
        // One for each item, as `run` promises.
        (answers) => some.forEach(({ resolve }, i) => resolve(answers[i] as O)),
        (error: unknown) => some.forEach(({ reject }) => reject(error)),
      )
      .finally(end)
    plan()
  }

  /** Counts a run as under way; gives what ends that, once. */
  function begin(): () => void {
    running++
    let isCounted = true
    const end = () => {
      clearTimeout(timer)
      if (!isCounted) return
      isCounted = false
      running--
      plan()
    }
    const timer = lateAfterMs === undefined ? undefined : setTimeout(end, lateAfterMs)
    return end
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      plan()
    })
}
