import { spawn, type SpawnOptions } from 'node:child_process'

/** What a finished command left behind. `code` is null when a signal or the time limit ended it, -1 when it could not be started. */
export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
}

/** How to run a command: the environment, the user and an optional limit in milliseconds. */
export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  timeoutMs?: number
}

/** Runs a command to its end and collects its output. Never throws: a missing program is `code` -1 with the reason in `stderr`. */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { timeoutMs, ...spawnOptions } = options
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...spawnOptions, timeout: timeoutMs, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'pipe'] })
    const result: CommandResult = { code: null, stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (result.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text))
    child.once('error', (error) => resolve({ ...result, code: -1, stderr: error.message }))
    child.once('close', (code) => resolve({ ...result, code }))
  })
}
