import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../problem.js'
import { isAlive } from '../processes/stop-process.js'

/** What a running instance writes into its data folder, for `pnpm token` and for a second start. */
export interface RunningInstance {
  instanceId: string
  pid: number
  /** The origin: `http://localhost:8080`. */
  url: string
  databaseUrl?: string
  redisUrl?: string
}

/** The instance that uses the data folder now; undefined when none does. */
export async function findRunning(dataDir: string): Promise<RunningInstance | undefined> {
  const text = await readFile(runningFile(dataDir), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const instance = JSON.parse(text) as RunningInstance
  return isAlive(instance.pid) && (await isStillThere(instance)) ? instance : undefined
}

/** @throws Problem when another instance uses the data folder. */
export async function requireNotRunning(dataDir: string): Promise<void> {
  const other = await findRunning(dataDir)
  if (!other) return
  throw new Problem(
    `Viatra Chat already runs from ${dataDir} at ${other.url} (process ${other.pid}): stop it first, or set VIATRA_DATA_DIR and PORT for a second one.`,
  )
}

/** The file holds the database's password: nobody else may read it. */
export async function writeRunning(dataDir: string, instance: RunningInstance): Promise<void> {
  await rm(runningFile(dataDir), { force: true })
  await writeFile(runningFile(dataDir), JSON.stringify(instance, undefined, 2), { mode: 0o600 })
}

/** To be called when the instance has stopped. */
export async function removeRunning(dataDir: string): Promise<void> {
  await rm(runningFile(dataDir), { force: true })
}

function runningFile(dataDir: string): string {
  return join(dataDir, 'running.json')
}

/** Process ids are used again: only the answer of the instance itself proves it. One that accepts and stays silent is there, but hangs. */
async function isStillThere({ url, instanceId }: RunningInstance): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
    return response.headers.get('x-viatra-instance') === instanceId
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError'
  }
}
