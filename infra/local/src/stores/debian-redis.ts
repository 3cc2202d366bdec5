import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackDebianPackages } from './debian-packages.js'

/** The unpacked program and the environment in which it finds its libraries. */
export interface UnpackedRedis {
  command: string
  env: NodeJS.ProcessEnv
}

const redis = { folder: 'redis', packages: ['redis-server', 'redis-tools'], proof: 'usr/bin/redis-server', title: 'Redis package' }

/**
 * The distribution's own Redis (Debian, Ubuntu), unpacked into a cache folder.
 * @throws Problem when this is no such system or it cannot be downloaded.
 */
export async function unpackDebianRedis(say: (line: string) => void): Promise<UnpackedRedis> {
  const root = await unpackDebianPackages(redis, say)
  return { command: join(root, redis.proof), env: { ...process.env, LD_LIBRARY_PATH: (await libraryFolders(root)).join(':') } }
}

/** `usr/lib/<machine>` and `lib/<machine>` inside the unpacked packages. */
export async function libraryFolders(root: string): Promise<string[]> {
  const found: string[] = []
  for (const base of ['usr/lib', 'lib']) {
    const entries = await readdir(join(root, base)).catch(() => [])
    found.push(...entries.filter((name) => name.includes('-linux-')).map((name) => join(root, base, name)))
  }
  return found
}
