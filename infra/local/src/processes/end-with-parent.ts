import { spawn } from 'node:child_process'

/** What is done when this process dies without cleaning up (`kill -9`, a crash). */
export interface LastWill {
  /** The process to end; negative: its whole process group. */
  pid: number
  signal: 'INT' | 'TERM' | 'KILL'
  /** A folder to remove once the process is gone. */
  removeFolder?: string
}

// The shell sleeps on a pipe whose other end only we hold: the kernel closes it when we die, however that happens.
// A line read means that the process ended in an orderly way and there is nothing left to do.
const script = `
read -r _ && exit 0
kill -s "$1" -- "$2" 2>/dev/null
[ -n "$3" ] || exit 0
while kill -s 0 -- "$2" 2>/dev/null; do sleep 0.1; done
rm -rf "$3"`

/**
 * Ends a detached process when this one dies, whatever kills it.
 * @returns revokes the will; to be called when the process has ended.
 */
export function endWithParent(will: LastWill): () => void {
  const guard = spawn('/bin/sh', ['-c', script, 'sh', will.signal, String(will.pid), will.removeFolder ?? ''], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  return () => {
    guard.stdin.end('\n')
  }
}
