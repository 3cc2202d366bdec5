/**
 * Gathers what is asked within one turn of the event loop and has it answered in one go: under load that is a fraction of the commands and
 * system calls. `run` gives an answer for each item, in their order; when it rejects, all do. No turn waits for another.
 */
export function gatherByTurn<I, O>(run: (items: readonly I[]) => Promise<readonly O[]>): (item: I) => Promise<O> {
  let items: I[] = []
  let answers: Promise<readonly O[]> | undefined

  function runGathered(): Promise<readonly O[]> {
    const gathered = items
    items = []
    answers = undefined
    return run(gathered)
  }

  return async (item) => {
    const index = items.push(item) - 1
    answers ??= new Promise((resolve) => setImmediate(() => resolve(runGathered())))
    // One for each item, as `run` promises.
    return (await answers)[index] as O
  }
}
