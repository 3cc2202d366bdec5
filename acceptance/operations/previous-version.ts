import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { grantServiceRole, migrate } from '@viatra-chat/db'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const nameFile = fileURLToPath(new URL('previous-version', import.meta.url))
const places = ['packages', 'services']

/** The version that installations come from: the one that the file `previous-version` beside this one names, as a tag or a commit. */
export interface PreviousVersion {
  commit: string
  /** Where the package of a service is. */
  folder(service: 'api' | 'gateway'): string
  /** Its own migrations and rights. */
  database: { migrate: typeof migrate; grantServiceRole: typeof grantServiceRole }
}

/**
 * Takes the version from the history of this repository and compiles it, once for each commit. Its dependencies are those that are installed.
 * @returns why not, where the history does not go back that far.
 */
export async function findPreviousVersion(): Promise<PreviousVersion | string> {
  const name = (await readFile(nameFile, 'utf8')).trim()
  const found = await git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).catch(() => undefined)
  if (!found) return `the previous version, ${name}, is not in the history of this checkout: fetch all of it (git fetch --unshallow --tags)`
  const commit = found.stdout.trim()
  const folder = join(root, '.cache/previous-version', commit)
  if (!(await exists(folder))) await build(commit, folder)
  const database = (await import(pathToFileURL(join(folder, 'db/dist/index.js')).href)) as PreviousVersion['database']
  return { commit, folder: (service) => join(folder, 'services', service), database }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

const git = (...args: string[]) => run('git', ['-C', root, ...args])

/** Under another name until it is whole: what is broken off is begun anew. */
async function build(commit: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}-`)
  try {
    const archive = join(work, 'source.tar')
    await git('archive', '--output', archive, commit, 'tsconfig.base.json', 'db', ...places)
    await run('tar', ['-xf', archive, '-C', work])
    await rm(archive)
    const packages = await readPackages(work)
    for (const each of whatServicesNeed(packages)) await compile(work, each, packages)
    // Somebody else may have been faster: theirs is as good.
    await rename(work, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

interface Package {
  name: string
  folder: string
  dependencies: string[]
}

async function readPackages(base: string): Promise<Map<string, Package>> {
  const inside = await Promise.all(places.map(async (place) => (await readdir(join(base, place))).map((name) => join(place, name))))
  const packages = await Promise.all(
    ['db', ...inside.flat()].map(async (folder) => {
      const { name, dependencies = {} } = JSON.parse(await readFile(join(base, folder, 'package.json'), 'utf8')) as ManifestPart
      return { name, folder, dependencies: Object.keys(dependencies) }
    }),
  )
  return new Map(packages.map((each) => [each.name, each]))
}

interface ManifestPart {
  name: string
  dependencies?: Record<string, string>
}

/** The services and whatever of the workspace they are made of. */
function whatServicesNeed(packages: ReadonlyMap<string, Package>): Package[] {
  const names = new Set(['@viatra-chat/api', '@viatra-chat/gateway'])
  // What is added on the way is gone through as well.
  for (const name of names) packages.get(name)?.dependencies.forEach((dependency) => names.add(dependency))
  return [...packages.values()].filter(({ name }) => names.has(name))
}

async function compile(work: string, { folder, dependencies }: Package, packages: ReadonlyMap<string, Package>): Promise<void> {
  const { build: transpile } = await import('esbuild')
  const source = join(work, folder, 'src')
  const files = await readdir(source, { recursive: true })
  await transpile({
    entryPoints: files.filter((file) => file.endsWith('.ts')).map((file) => join(source, file)),
    outbase: source,
    outdir: join(work, folder, 'dist'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // What it warns of is of the past.
    logLevel: 'error',
  })
  // It brings what the contract needs beside its own code; older versions have none.
  const bundler = join(work, folder, 'bundle-typebox.mjs')
  const isBundled = await exists(bundler)
  for (const name of isBundled ? [...dependencies, 'esbuild'] : dependencies) {
    const link = join(work, folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    const own = packages.get(name)
    const target = own ? join(work, own.folder) : await findInstalled(folder, name)
    // Relative, as the folder is renamed in the end.
    await symlink(relative(dirname(link), target), link)
  }
  if (isBundled) await run(process.execPath, [bundler])
}

/** What the same package of this version has, or any other one: dependencies move from one to another. What none needs any more is kept for these tests. */
async function findInstalled(folder: string, name: string): Promise<string> {
  for (const place of [folder, 'db', 'packages/chat', 'packages/runtime', 'services/api', 'services/gateway', 'acceptance', '.']) {
    const path = join(root, place, 'node_modules', name)
    if (await exists(path)) return path
  }
  throw new Error(`${name}, which the previous version needs, is not installed`)
}
