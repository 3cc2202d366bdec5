import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { migrate } from '@viatra-chat/db'
import { startPostgres, startRedis } from '@viatra-chat/local/stores'
import { Redis } from 'ioredis'
import pg from 'pg'
import { imageOptions } from '../../infra/local/dist/instance/image-options.js'
import { SupervisedProcess } from '../../infra/local/dist/processes/supervised-process.js'
import { findFreePort } from '../../infra/local/dist/processes/find-free-port.js'
import { createBareTable } from './bare/batched-insert.mjs'
import { cpuSeconds, parentOf } from './cpu.mjs'
import { Drivers } from './load/drivers.mjs'

const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url))
const programs = {
  api: fileOf('../../services/api/dist/main.js'),
  gateway: fileOf('../../services/gateway/dist/main.js'),
  bareApi: fileOf('bare/api.mjs'),
  bareGateway: fileOf('bare/gateway.mjs'),
}
// As in the images, and the same for what the product is compared with.
const nodeOptions = Object.fromEntries(['api', 'gateway'].map((name) => [name, imageOptions(fileOf('../..'), name)]))
export const secret = 'a secret of at least thirty-two bytes, for benchmarks'

/** Runs something on stores of its own: PostgreSQL with fsync, as in production, and Redis. All of it ends with it. */
export async function withStores(use) {
  // On a disk, where /tmp may be memory; made by startPostgres for the user that PostgreSQL runs as.
  const folder = `/var/tmp/viatra-bench-${process.pid}`
  const postgres = await startPostgres({ dataDir: `${folder}-postgres`, durable: true, removeFolder: `${folder}-postgres` })
  const redis = await startRedis({ dataDir: `${folder}-redis`, durable: true, removeFolder: `${folder}-redis` })
  try {
    await use({ postgres, redis })
  } finally {
    await Promise.all([postgres.stop(), redis.stop()])
    for (const store of ['postgres', 'redis']) await rm(`${folder}-${store}`, { recursive: true, force: true })
  }
}

/** Where one benchmark is run: an empty, migrated database, an empty Redis, and whatever processes it starts. */
export async function withStand({ postgres, redis }, name, use) {
  const stand = await openStand(postgres.url, redis.url, name)
  try {
    return await use(stand)
  } finally {
    await stand.close()
  }
}

async function openStand(serverUrl, redisUrl, name) {
  const server = new pg.Pool({ connectionString: serverUrl, max: 1 })
  server.on('error', () => undefined)
  await server.query(`create database bench_${name}`)
  const databaseUrl = Object.assign(new URL(serverUrl), { pathname: `/bench_${name}` }).href
  await migrate(databaseUrl)
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  // Dropping the database ends its sessions.
  pool.on('error', () => undefined)
  await pool.query(createBareTable)
  const redis = new Redis(redisUrl)
  await redis.flushall()
  const storePids = await findStorePids(pool, redis)
  const services = []
  const allDrivers = []
  const query = async (text, values) => (await pool.query(text, values)).rows

  /** Starts `count` processes of a program and gives them: `{url, pid, stop}`. Node's options are those of the image that `as` names, unless `options` are given. */
  async function start(program, count = 1, { env = {}, nodeArgs = [], as = program, options = nodeOptions[as] ?? [] } = {}) {
    const started = Array.from({ length: count }, () =>
      startService(program, { ...environment(databaseUrl, redisUrl), ...env }, [...options, ...nodeArgs], as),
    )
    const running = await Promise.all(started)
    services.push(...running)
    return running
  }

  async function drivers(count = 1) {
    const started = await Drivers.start(count)
    allDrivers.push(started)
    return started
  }

  /** CPU seconds so far by process; of services only those given. */
  function cpu(some, driving) {
    const groups = {}
    for (const { as, pid } of some) (groups[as] ??= { pids: [] }).pids.push(pid)
    return cpuSeconds({
      ...groups,
      postgres: { pids: [storePids.postgres], tree: true },
      redis: { pids: [storePids.redis] },
      driver: { pids: driving.pids },
    })
  }

  async function close() {
    for (const each of allDrivers) each.stop()
    await Promise.all(services.map((service) => service.stop()))
    await pool.end()
    redis.disconnect()
    await server.query(`drop database bench_${name} with (force)`)
    await server.end()
  }

  return { databaseUrl, redis, pool, query, start, drivers, cpu, close, settle: () => query('checkpoint') }
}

async function findStorePids(pool, redis) {
  const { rows } = await pool.query('select pg_backend_pid() as pid')
  const [, redisPid] = /process_id:(\d+)/.exec(await redis.info('server'))
  return { postgres: parentOf(rows[0].pid), redis: Number(redisPid) }
}

const environment = (databaseUrl, redisUrl) => ({
  PATH: process.env.PATH,
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  JWT_SECRET: secret,
  HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  RATE_LIMIT_MULTIPLIER: '1000000',
  GATEWAY_DRAIN_MS: '0',
})

async function startService(program, env, nodeArgs, as) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const supervised = new SupervisedProcess({
    name: as,
    command: process.execPath,
    args: [...nodeArgs, programs[program]],
    env: { ...env, PORT: String(port) },
    isReady: () => isReady(url),
    readyWithinMs: 30_000,
    stopSignal: 'SIGTERM',
    graceMs: 15_000,
    killSignal: 'SIGKILL',
    onLine: (line) => process.stderr.write(`${as}: ${line}\n`),
  })
  await supervised.start()
  return { as, url, pid: supervised.pid, stop: () => supervised.stop() }
}

async function isReady(url) {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) })
  await response.body?.cancel()
  return response.ok
}
