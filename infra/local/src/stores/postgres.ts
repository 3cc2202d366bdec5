import { randomBytes } from 'node:crypto'
import { chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { Problem } from '../problem.js'
import { commandLine } from '../processes/command-line.js'
import { findFreePort } from '../processes/find-free-port.js'
import { runCommand } from '../processes/run-command.js'
import { stopStranger } from '../processes/stop-process.js'
import { SupervisedProcess, type ProcessPlan } from '../processes/supervised-process.js'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js'
import { writeServerCertificate, type ServerCertificate } from './server-certificate.js'
import type { Store } from './store.js'
import { isReachable, makePrivateFolder, reachableStandIn, unprivilegedUser, type RunAs } from './unprivileged.js'

/** How the embedded PostgreSQL is run. */
export interface PostgresOptions extends Pick<ProcessPlan, 'onLine' | 'onRestart' | 'removeFolder'> {
  /** Holds the cluster; made when it is missing. See `postgresFolder` for one that its user can reach. */
  dataDir: string
  /** A TCP port on 127.0.0.1; a free one unless given. */
  port?: number
  /** False turns off what makes commits survive a crash: for tests, whose data is worthless. */
  durable: boolean
  /** Connections with TLS are possible when it is given. */
  tls?: ServerCertificate
}

const superuser = 'viatra'

/** Where a cluster that belongs into `dataDir` can live: there, or at a stand-in when the user that PostgreSQL must run as cannot get there. */
export async function postgresFolder(dataDir: string): Promise<string> {
  const reachable = await isReachable(dataDir, unprivilegedUser())
  return join(reachable ? dataDir : await reachableStandIn(dataDir), 'postgres')
}

/**
 * Starts the PostgreSQL that npm brought, on data in `dataDir`, ending one that an earlier, killed run left behind.
 * The url names the database `postgres` and a superuser.
 * @throws Problem when it cannot be started.
 */
export async function startPostgres(options: PostgresOptions): Promise<Store> {
  const user = unprivilegedUser()
  const binaries = await findPostgresBinaries(user)
  const cluster = join(options.dataDir, 'cluster')
  await makePrivateFolder(options.dataDir, user)
  await endLeftover(cluster)
  const password = await initialise(binaries, options, cluster, user)
  if (options.tls) await writeServerCertificate(options.dataDir, options.tls, user)
  const port = options.port ?? (await findFreePort())
  const url = `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`
  const supervised = new SupervisedProcess(plan(binaries.postgres, options, cluster, port, url, user))
  await supervised.start()
  return { url, origin: 'PostgreSQL 15 (embedded)', dataDir: options.dataDir, stop: () => supervised.stop(), kill: () => supervised.kill() }
}

/** A killed run leaves its server or at least its lock file behind: the server is stopped, the file removed. */
async function endLeftover(cluster: string): Promise<void> {
  const lockFile = join(cluster, 'postmaster.pid')
  const pid = Number((await readFile(lockFile, 'utf8').catch(() => '')).split('\n')[0])
  if (!pid) return
  // The number may meanwhile be another program's: only a server of this very cluster is touched.
  if ((await commandLine(pid)).includes(cluster)) await stopStranger(pid, 'SIGINT', 10_000)
  await rm(lockFile, { force: true })
}

/** Creates the cluster at the first start and returns its superuser's password, which is kept beside it: no other user of the machine gets in. */
async function initialise(
  binaries: PostgresBinaries,
  { dataDir, durable }: PostgresOptions,
  cluster: string,
  user: RunAs,
): Promise<string> {
  const passwordFile = join(dataDir, 'password')
  if (await stat(cluster).catch(() => undefined)) return readFile(passwordFile, 'utf8')
  const password = randomBytes(24).toString('hex')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (user.uid !== undefined && user.gid !== undefined) await chown(passwordFile, user.uid, user.gid)
  // Made under another name first: what carries the final name is complete.
  const unfinished = `${cluster}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const args = ['-D', unfinished, '-U', superuser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--no-locale']
  const result = await runCommand(binaries.initdb, durable ? args : [...args, '--no-sync'], { cwd: '/', ...user })
  if (result.code !== 0) throw new Problem(`PostgreSQL could not be set up in ${dataDir}: ${result.stderr.trim().split('\n').at(-1)}`)
  await rename(unfinished, cluster)
  return password
}

function plan(command: string, options: PostgresOptions, cluster: string, port: number, url: string, user: RunAs): ProcessPlan {
  const { durable, onLine, onRestart, removeFolder } = options
  // No Unix socket: its path could become longer than the system allows.
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=300']
  const tls = ['ssl=on', `ssl_cert_file=${join(options.dataDir, 'tls.crt')}`, `ssl_key_file=${join(options.dataDir, 'tls.key')}`]
  if (options.tls) settings.push(...tls)
  const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  return {
    name: 'postgres',
    command,
    args: ['-D', cluster, ...(durable ? settings : [...settings, ...careless]).flatMap((setting) => ['-c', setting])],
    cwd: '/',
    ...user,
    isReady: () => answers(url),
    readyWithinMs: 60_000,
    stopSignal: 'SIGINT',
    graceMs: 20_000,
    killSignal: 'SIGQUIT',
    ...(removeFolder === undefined ? {} : { removeFolder }),
    ...(onLine && { onLine }),
    ...(onRestart && { onRestart }),
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } finally {
    await client.end().catch(() => undefined)
  }
}
