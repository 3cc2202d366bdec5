import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually, testSecret, type World } from '@viatra-chat/testkit'

/** A service as a process of its own, with all that it ever wrote. */
export interface LoggedService {
  readonly url: string
  output(): string
  stop(): Promise<void>
}

const mains = { api: import.meta.resolve('@viatra-chat/api'), gateway: import.meta.resolve('@viatra-chat/gateway') }

/** Starts a service on the stores of a world. */
export async function startLogged(name: keyof typeof mains, { config }: World, env: Record<string, string>): Promise<LoggedService> {
  const main = fileURLToPath(new URL('main.js', mains[name]))
  const child = spawn(process.execPath, [main], {
    env: {
      ...{ PATH: process.env.PATH, DATABASE_URL: config.databaseUrl, REDIS_URL: config.redisUrl, JWT_SECRET: testSecret },
      ...{ HOST: '127.0.0.1', PORT: '0', RATE_LIMIT_MULTIPLIER: '1000', PRESENCE_GRACE_MS: '300', ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  const output = () => chunks.join('')
  const exited = once(child, 'exit')
  const port = await Promise.race([
    eventually(() => /"port":(\d+)/.exec(output())?.[1] ?? Promise.reject(new Error(`${name} does not listen: ${output()}`)), 15_000),
    exited.then(() => Promise.reject(new Error(`${name} ended: ${output()}`))),
  ])
  return {
    url: `http://127.0.0.1:${port}`,
    output,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
