import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Config } from '@viatra-chat/runtime'
import { eventually } from './eventually.js'
import { testSecret } from './world.js'

/** A line of a service's log. */
export type LogLine = Record<string, unknown> & { msg?: string; level?: string }

/** A service as a process of its own, as it runs in production. */
export interface SpawnedService {
  readonly url: string
  /** All of its log so far. */
  readonly lines: readonly LogLine[]
  /** Waits for a line that fits. */
  says(fits: (line: LogLine) => boolean): Promise<LogLine>
  /** `SIGSTOP` freezes it, `SIGCONT` lets it go on. */
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and the status it ends with. */
  stop(): Promise<number | null>
  /** Ends it without any warning. */
  kill(): Promise<void>
}

/** Starts a gateway beside a world, on its stores. */
export const spawnGateway = (world: { config: Config }, env: Record<string, string> = {}): Promise<SpawnedService> =>
  spawnService('gateway', world, env)

/** Starts an API beside a world, on its stores. */
export const spawnApi = (world: { config: Config }, env: Record<string, string> = {}): Promise<SpawnedService> =>
  spawnService('api', world, env)

export interface SpawnOptions {
  /** How its image starts it, if not as it is. */
  command?: readonly string[]
  /** Where its package is, if it is not this version's. */
  folder?: string
}

/** Starts a service beside a world, on its stores. */
export async function spawnService(
  name: 'api' | 'gateway',
  { config }: { config: Config },
  env: Record<string, string> = {},
  { command: [program = process.execPath, ...args] = [process.execPath, 'dist/main.js'], folder = folderOf(name) }: SpawnOptions = {},
): Promise<SpawnedService> {
  const child = spawn(program, args, { cwd: folder, env: { ...environment(config), ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines: LogLine[] = []
  // Everything is read, so that the process never waits for a reader.
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as LogLine))
  const says = (fits: (line: LogLine) => boolean) =>
    eventually(() => {
      const found = lines.find(fits)
      if (!found) throw new Error(`${name} did not say it; it said: ${lines.map(({ msg }) => msg).join(' | ')}`)
      return found
    }, sayWithinMs)
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const [status] = (await exited) as [number | null]
    return status
  }
  return {
    // The port is told in the log, since the system chose it.
    url: `http://127.0.0.1:${await Promise.race([listeningPort(says), endedEarly(name, exited)])}`,
    lines,
    says,
    signal: (signal) => void child.kill(signal),
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  }
}

const folderOf = (name: string) => fileURLToPath(new URL('../', import.meta.resolve(`@viatra-chat/${name}`)))

const sayWithinMs = 60_000

const environment = (config: Config) => ({
  PATH: process.env.PATH,
  DATABASE_URL: config.databaseUrl,
  REDIS_URL: config.redisUrl,
  JWT_SECRET: testSecret,
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'info',
  RATE_LIMIT_MULTIPLIER: '1000',
  PRESENCE_GRACE_MS: '300',
  GATEWAY_DRAIN_MS: '0',
  CONTENT_ENCRYPTION: config.contentEncryption.seals ? 'on' : 'off',
  CONTENT_KEYS: config.contentEncryption.keys.map(({ name, secret }) => `${name}:${secret}`).join(','),
})

async function listeningPort(says: SpawnedService['says']): Promise<number> {
  const { port } = await says((line) => typeof line['port'] === 'number' && line.level === 'info')
  return Number(port)
}

async function endedEarly(name: string, exited: Promise<unknown[]>): Promise<never> {
  const [status] = await exited
  throw new Error(`${name} ended with ${String(status)} before it listened`)
}
