import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { setPriority } from 'node:os'
import { rootFolder } from '../instance/settings.js'
import { endWithParent } from '../processes/end-with-parent.js'

const groups = new Set<number>()
let interrupted = false

/** Runs a program of the repository with its output shown, in a process group of its own. Resolves to its exit code. */
export async function runShown(script: string, args: string[]): Promise<number> {
  return exitCode(start(script, args, ['ignore', 'inherit', 'inherit']))
}

/** Runs a program of the repository beside others, which have precedence. Resolves to its exit code and all that it wrote. */
export async function runBeside(script: string, args: string[]): Promise<{ code: number; output: string }> {
  const child = start(script, args, ['ignore', 'pipe', 'pipe'])
  if (child.pid !== undefined) setPriority(child.pid, 10)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { code: await exitCode(child), output }
}

const start = (script: string, args: string[], stdio: SpawnOptions['stdio'] & string[]) =>
  spawn(process.execPath, [script, ...args], { cwd: rootFolder, detached: true, stdio })

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
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
