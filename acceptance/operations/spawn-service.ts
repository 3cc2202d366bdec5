import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually, testSecret, type World } from '@viatra-chat/testkit'

/** A line of a service's log. */
export type LogLine = Record<string, unknown> & { msg?: string; level?: string }

/** A service as a process of its own, started as its image starts it. */
export interface SpawnedService {
  readonly url: string
  readonly lines: readonly LogLine[]
  signal(signal: NodeJS.Signals): void
  /** Waits for a line that fits. */
  says(fits: (line: LogLine) => boolean): Promise<LogLine>
  /** SIGTERM, and the status it ends with. */
  stop(): Promise<number | null>
}

export async function spawnService(
  name: 'api' | 'gateway',
  { config }: Pick<World, 'config'>,
  env: Record<string, string> = {},
  [command = process.execPath, ...args]: readonly string[] = [process.execPath, 'dist/main.js'],
): Promise<SpawnedService> {
  const cwd = fileURLToPath(new URL('../', import.meta.resolve(`@viatra-chat/${name}`)))
  const child = spawn(command, args, { cwd, env: { ...environment(config), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const lines: LogLine[] = []
  const problems: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as LogLine))
  createInterface({ input: child.stderr }).on('line', (line) => problems.push(line))
  const says = (fits: (line: LogLine) => boolean) =>
    eventually(() => {
      const found = lines.find(fits)
      if (!found) throw new Error(`not said; said: ${lines.map(({ msg }) => msg).join(' | ')} ${problems.join('\n')}`)
      return found
    }, 60_000)
  const { port } = await says((line) => typeof line['port'] === 'number' && line.level === 'info')
  return {
    url: `http://127.0.0.1:${Number(port)}`,
    lines,
    says,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGTERM')
      const [status] = (await exited) as [number | null]
      return status
    },
  }
}

const environment = (config: World['config']) => ({
  PATH: process.env.PATH,
  DATABASE_URL: config.databaseUrl,
  REDIS_URL: config.redisUrl,
  JWT_SECRET: testSecret,
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: 'info',
  RATE_LIMIT_MULTIPLIER: '1000',
  GATEWAY_DRAIN_MS: '0',
})
