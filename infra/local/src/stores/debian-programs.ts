import { join } from 'node:path'
import { runCommand } from '../processes/run-command.js'
import { libraryFolders } from './debian-redis.js'
import { unpackDebianPackages } from './debian-packages.js'

/** A program of the machine, or of the distribution's package, and the environment in which it runs. */
export interface DebianProgram {
  command: string
  env: NodeJS.ProcessEnv
  /** The folder of the unpacked package, laid out like `/`; absent for the machine's own. */
  root?: string
}

const programs = {
  nginx: { packages: ['nginx', 'nginx-common'], path: 'usr/sbin/nginx', isThere: ['-v'] },
  promtool: { packages: ['prometheus'], path: 'usr/bin/promtool', isThere: ['--version'] },
  pg_dump: { packages: ['postgresql-client-15'], path: 'usr/lib/postgresql/15/bin/pg_dump', isThere: ['--version'] },
  pg_restore: { packages: ['postgresql-client-15'], path: 'usr/lib/postgresql/15/bin/pg_restore', isThere: ['--version'] },
} as const

export type ProgramName = keyof typeof programs

/**
 * Finds a program that operations need: on PATH, else unpacked from the distribution's package into the cache folder, once.
 * @throws Problem when it can be had in neither way.
 */
export async function findDebianProgram(name: ProgramName, say: (line: string) => void): Promise<DebianProgram> {
  const { packages, path, isThere } = programs[name]
  if ((await runCommand(name, [...isThere], { timeoutMs: 5000 })).code === 0) return { command: name, env: process.env }
  const root = await unpackDebianPackages({ folder: packages[0], packages, proof: path, title: `${packages[0]} package` }, say)
  const libraries = (await libraryFolders(root)).join(':')
  return { command: join(root, path), env: { ...process.env, LD_LIBRARY_PATH: libraries }, root }
}
