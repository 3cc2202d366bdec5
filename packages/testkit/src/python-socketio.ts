import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { unpackDebianPackages } from '@viatra-chat/local/stores'

const run = promisify(execFile)

/** An interpreter that has python-socketio. */
export interface Python {
  /** Runs a script to its end and gives what it printed; rejects with its last words when it fails. */
  run(script: string, args: readonly string[]): Promise<string>
}

// The distribution's modules belong to the distribution's interpreter, not to the one on the PATH.
const interpreter = '/usr/bin/python3'
const packages = {
  folder: 'python-socketio',
  packages: ['python3-socketio', 'python3-engineio', 'python3-bidict', 'python3-websocket'],
  proof: 'usr/lib/python3/dist-packages/socketio',
  title: 'python3-socketio',
  stepTimeoutMs: 20_000,
}

/**
 * A Python with python-socketio, a Socket.IO client that shares no code with ours: the machine's, else Debian's packages unpacked into
 * a cache folder.
 * @throws when neither is to be had; the message says why.
 */
export async function findPythonSocketio(): Promise<Python> {
  if (await canImport({})) return toPython({})
  const root = await unpackDebianPackages(packages, console.log)
  const env = { PYTHONPATH: join(root, 'usr/lib/python3/dist-packages') }
  if (await canImport(env)) return toPython(env)
  throw new Error(`${interpreter} cannot load python-socketio`)
}

const canImport = (env: Record<string, string>) =>
  run(interpreter, ['-c', 'import socketio, websocket'], { env: { ...process.env, ...env } }).then(
    () => true,
    () => false,
  )

const toPython = (env: Record<string, string>): Python => ({
  run: async (script, args) => (await run(interpreter, [script, ...args], { env: { ...process.env, ...env }, timeout: 15_000 })).stdout,
})
