import { Problem, reasonOf } from '../problem.js'
import { runCommand } from '../processes/run-command.js'
import { unpackDebianRedis } from './debian-redis.js'
import { dockerRuns } from './docker.js'

/** A way to run a Redis that reads its configuration from standard input. */
export interface RedisServer {
  /** For people: `Redis 7.0.15 (on this machine)`. */
  origin: string
  /** What to spawn; `folder` and `listen` are `dataDir` and the port as the server itself sees them. */
  run(dataDir: string, port: number): RedisRun
}

interface RedisRun {
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  folder: string
  listen: { address: string; port: number }
}

const oldestMajor = 7
const image = 'redis:7-alpine'

/**
 * The first that works of: `redis-server` on PATH, Docker, Debian's package.
 * @throws Problem that says what was tried and what to do.
 */
export async function findRedisServer(say: (line: string) => void): Promise<RedisServer> {
  const installed = await programServer('redis-server', 'on this machine')
  if (installed) return installed
  if (await dockerRuns()) return dockerServer()
  const unpacked = await unpackDebianRedis(say).catch((error: unknown) => new Problem(reasonOf(error)))
  const server = unpacked instanceof Problem ? undefined : await programServer(unpacked.command, "Debian's package", unpacked.env)
  if (server) return server
  const why = unpacked instanceof Problem ? ` (${unpacked.message})` : ''
  throw new Problem(
    `No Redis ${oldestMajor} or newer was found: install redis-server, start Docker, or set REDIS_URL. ` +
      `Debian's package could not be fetched either${why}.`,
  )
}

async function programServer(command: string, place: string, env?: NodeJS.ProcessEnv): Promise<RedisServer | undefined> {
  const { code, stdout } = await runCommand(command, ['--version'], { timeoutMs: 5000, ...(env && { env }) })
  const version = /v=((\d+)[\d.]*)/.exec(stdout)
  if (code !== 0 || !version || Number(version[2]) < oldestMajor) return undefined
  return {
    origin: `Redis ${version[1]} (${place})`,
    run: (dataDir, port) => ({ command, args: ['-'], ...(env && { env }), folder: dataDir, listen: { address: '127.0.0.1', port } }),
  }
}

function dockerServer(): RedisServer {
  return {
    origin: `Redis 7 (${image} in Docker)`,
    run(dataDir, port) {
      // As ourselves, so that what it writes can be removed again by us.
      const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
      const args = [
        'run',
        '--rm',
        '-i',
        '-p',
        `127.0.0.1:${port}:6379`,
        '-v',
        `${dataDir}:/data`,
        '--user',
        user,
        image,
        'redis-server',
        '-',
      ]
      return { command: 'docker', args, folder: '/data', listen: { address: '0.0.0.0', port: 6379 } }
    },
  }
}
