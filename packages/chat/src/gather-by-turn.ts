export interface GatherOptions {
  /** How many runs may be under way; what comes meanwhile waits and goes together. */
  runsMax?: number
  /** How many items one run takes. */
  itemsMax?: number
}

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
  { runsMax = Infinity, itemsMax = 500 }: GatherOptions = {},
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
    running++
    run(some.map(({ item }) => item))
      .then(
        // One for each item, as `run` promises.
        (answers) => some.forEach(({ resolve }, i) => resolve(answers[i] as O)),
        (error: unknown) => some.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        running--
        plan()
      })
    plan()
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      plan()
    })
}
