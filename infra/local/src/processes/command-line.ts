import { readFile } from 'node:fs/promises'
import { runCommand } from './run-command.js'

/** The command line of a running process, its words parted by spaces; empty when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  const fromProc = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  if (fromProc !== undefined) return fromProc.replaceAll('\0', ' ').trim()
  const { stdout } = await runCommand('ps', ['-o', 'args=', '-p', String(pid)])
  return stdout.trim()
}
