import { spawn } from 'node:child_process'
import { rootFolder } from '../instance/settings.js'
import { endWithParent } from '../processes/end-with-parent.js'

const groups = new Set<number>()
let interrupted = false

/** Runs a program of the repository with its output shown, in a process group of its own. Resolves to its exit code. */
export function runShown(script: string, args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: rootFolder, detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
    const { pid } = child
    if (pid === undefined) return resolve(1)
    groups.add(pid)
    const revoke = endWithParent({ pid: -pid, signal: 'KILL' })
    child.once('close', (code) => {
      groups.delete(pid)
      revoke()
      // What would come next is not begun any more.
      if (!interrupted) resolve(code ?? 1)
    })
  })
}

/** An interrupted run ends what it started, all of the group, and says so by its exit code. */
export function endOnSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    // npm passes on a Ctrl-C that the terminal has already sent us.
    process.on(signal, () => {
      if (interrupted) return
      interrupted = true
      for (const pid of groups) process.kill(-pid, 'SIGTERM')
      setTimeout(() => process.exit(code), 1000)
    })
  }
}
