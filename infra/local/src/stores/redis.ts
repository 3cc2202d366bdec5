import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandLine } from '../processes/command-line.js'
import { findFreePort } from '../processes/find-free-port.js'
import { stopStranger } from '../processes/stop-process.js'
import { SupervisedProcess, type ProcessPlan } from '../processes/supervised-process.js'
import { findRedisServer, type RedisServer } from './redis-server.js'
import { pingRedis } from './ping-redis.js'
import { writeServerCertificate, type ServerCertificate } from './server-certificate.js'
import type { Store } from './store.js'

/** How a Redis of our own is run. */
export interface RedisOptions extends Pick<ProcessPlan, 'onLine' | 'onRestart' | 'removeFolder'> {
  /** Holds the append-only file, the log of what was written. */
  dataDir: string
  /** A TCP port on 127.0.0.1; a free one unless given. */
  port?: number
  /** False keeps everything in memory only: for tests. */
  durable: boolean
  /** With TLS only, when it is given; the url then names `localhost`. */
  tls?: ServerCertificate
  /** Number of numbered databases; 16 unless given. */
  databases?: number
  /** Told what is being done when it takes a moment (a download). */
  say?(line: string): void
}

/**
 * Starts a Redis 7 or newer: the machine's, else in Docker, else Debian's package unpacked into a cache folder. Ends a leftover of a killed run first.
 * @throws Problem when there is no way to get one or it cannot be started.
 */
export async function startRedis(options: RedisOptions): Promise<Store> {
  const server = await findRedisServer(options.say ?? (() => undefined))
  const leftover = join(options.dataDir, 'process.json')
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 })
  await endLeftover(leftover)
  if (options.tls) await writeServerCertificate(options.dataDir, options.tls, {})
  const port = options.port ?? (await findFreePort())
  const password = randomBytes(24).toString('hex')
  const supervised = new SupervisedProcess(plan(server, options, port, password))
  await supervised.start()
  await writeFile(leftover, JSON.stringify({ pid: supervised.pid, port }))
  return {
    url: options.tls ? `rediss://:${password}@localhost:${port}` : `redis://:${password}@127.0.0.1:${port}`,
    origin: server.origin,
    stop: () => supervised.stop(),
    kill: () => supervised.kill(),
  }
}

async function endLeftover(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '{}')
  const { pid, port } = JSON.parse(text) as { pid?: number; port?: number }
  if (pid !== undefined) {
    // The number may meanwhile be another program's: only a Redis on the remembered port is ours.
    const command = await commandLine(pid)
    if (command.includes('redis') && command.includes(`:${port}`)) await stopStranger(pid, 'SIGTERM', 5000)
  }
  await rm(file, { force: true })
}

function plan(server: RedisServer, options: RedisOptions, port: number, password: string): ProcessPlan {
  const { dataDir, durable, tls, databases = 16, onLine, onRestart, removeFolder } = options
  const { command, args, env, folder, listen } = server.run(dataDir, port)
  return {
    name: 'redis',
    command,
    args,
    ...(env && { env }),
    input: configuration({ folder, listen, durable, databases, password, withTls: tls !== undefined }),
    isReady: () => pingRedis(port, password, tls?.certificate),
    readyWithinMs: 60_000,
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    killSignal: 'SIGKILL',
    ...(removeFolder === undefined ? {} : { removeFolder }),
    ...(onLine && { onLine }),
    ...(onRestart && { onRestart }),
  }
}

interface Configuration {
  folder: string
  listen: { address: string; port: number }
  durable: boolean
  databases: number
  password: string
  withTls: boolean
}

// Handed over by standard input: a command line, with the password in it, could be read by every user of the machine.
function configuration({ folder, listen, durable, databases, password, withTls }: Configuration): string {
  const lines = [
    `bind ${listen.address}`,
    ...(withTls ? tlsLines(folder, listen.port) : [`port ${listen.port}`]),
    `dir ${JSON.stringify(folder)}`,
    `databases ${databases}`,
    `requirepass ${password}`,
    `appendonly ${durable ? 'yes' : 'no'}`,
    'save ""',
  ]
  return `${lines.join('\n')}\n`
}

function tlsLines(folder: string, port: number): string[] {
  const files = [`tls-cert-file ${JSON.stringify(join(folder, 'tls.crt'))}`, `tls-key-file ${JSON.stringify(join(folder, 'tls.key'))}`]
  return ['port 0', `tls-port ${port}`, ...files, 'tls-auth-clients no']
}
