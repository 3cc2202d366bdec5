import { runCommand } from '../processes/run-command.js'

// A daemon that runs answers in a fraction of this; a socket that hangs must not hold up every start.
const patienceMs = 2000

/** Whether a Docker daemon answers. */
export async function dockerRuns(): Promise<boolean> {
  const { code } = await runCommand('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: patienceMs })
  return code === 0
}
