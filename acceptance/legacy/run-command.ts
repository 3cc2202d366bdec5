import { spawn, type ChildProcess } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** A run of the command as a person starts it. */
export interface CommandRun {
  process: ChildProcess
  /** What it printed and how it ended; code null when it was killed. */
  ended: Promise<{ code: number | null; output: string; errors: string }>
}

const script = fileURLToPath(new URL('../../packages/legacy/dist/migrate-legacy-cli.js', import.meta.url))

export function runCommand(...args: string[]): CommandRun {
  const process = spawn(globalThis.process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve) => process.once('close', resolve))
  const ended = Promise.all([code, text(process.stdout), text(process.stderr)]).then(([code, output, errors]) => ({ code, output, errors }))
  return { process, ended }
}
