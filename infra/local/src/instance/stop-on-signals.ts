import type { Print } from './run-instance.js'
import type { StopStack } from './stop-stack.js'

// A step of the start that cannot be interrupted (a download) is not waited for longer.
const startPatienceMs = 10_000
// One Ctrl-C reaches us twice, from the terminal and once more passed on by npm: only a later one is meant as a second.
const secondAfterMs = 1000

/**
 * Ctrl-C, SIGTERM, a closed terminal or the end of the `npm` that started us stop everything and end this process; a second Ctrl-C insists.
 * @param start settles when the start is over: what it was just starting is then known and can be stopped as well.
 */
export function stopOnSignals(running: StopStack, start: Promise<unknown>, print: Print): void {
  let stoppingSince: number | undefined
  const stop = async () => {
    if (stoppingSince !== undefined) {
      if (Date.now() - stoppingSince < secondAfterMs) return
      running.kill()
      process.exit(1)
    }
    stoppingSince = Date.now()
    print('\nStopping …')
    await running.stop()
    await Promise.race([start.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, startPatienceMs))])
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
  watchParent(() => void stop())
}

/** An npm that is killed cannot pass that on. (The scripts begin with `exec`, so that npm is our parent and not a shell that dies of the signal first.) */
function watchParent(onGone: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    onGone()
  }, 250)
  watch.unref()
}
