import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Config } from '@viatra-chat/runtime'
import { testSecret } from './world.js'

/** A gateway as a process of its own, as it runs in production. */
export interface GatewayProcess {
  readonly url: string
  /** `SIGSTOP` freezes it, `SIGCONT` lets it go on. */
  signal(signal: NodeJS.Signals): void
  /** Ends it without any warning. */
  kill(): Promise<void>
}

/** Starts a gateway process beside a world, on its stores. */
export const spawnGateway = (world: { config: Config }, env: Record<string, string> = {}): Promise<GatewayProcess> =>
  spawnService('gateway', world, env)

/** Starts an API process beside a world, on its stores. */
export const spawnApi = (world: { config: Config }, env: Record<string, string> = {}): Promise<GatewayProcess> =>
  spawnService('api', world, env)

async function spawnService(
  service: 'api' | 'gateway',
  { config }: { config: Config },
  env: Record<string, string>,
): Promise<GatewayProcess> {
  const main = fileURLToPath(new URL('main.js', import.meta.resolve(`@viatra-chat/${service}`)))
  const process = spawn(globalThis.process.execPath, [main], {
    env: { ...environment(config), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await listeningPort(process)
  return {
    url: `http://127.0.0.1:${port}`,
    signal: (signal) => void process.kill(signal),
    async kill() {
      if (process.exitCode !== null || process.signalCode !== null) return
      const exited = once(process, 'exit')
      if (process.kill('SIGKILL')) await exited
    },
  }
}

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
})

/** It is told in the log, since the system chose it. Everything is read, so that the process never waits for a reader. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error('the service has no output'))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { port } = JSON.parse(line) as { port?: unknown }
      if (typeof port === 'number') resolve(port)
    })
    child.once('exit', (code) => reject(new Error(`the service ended with ${code} before it listened`)))
  })
}
