import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../problem.js'
import { runCommand } from '../processes/run-command.js'

/** Packages of the distribution (Debian, Ubuntu) that go into one folder. */
export interface DebianPackages {
  /** The folder's name in the cache. */
  folder: string
  /** All that is needed but libraries, which are found by what the packages name. */
  packages: readonly string[]
  /** Fetches whatever the packages need, directly or not, that this machine lacks: for what is larger than a program and its libraries. */
  withDependencies?: boolean
  /** A path below the folder that is there once they are unpacked. */
  proof: string
  /** For people: what is being fetched. */
  title: string
  /** The longest that one step may take; without it, as long as it takes. */
  stepTimeoutMs?: number
}

/**
 * Downloads packages and unpacks them into a cache folder, without installing anything and without root: apt works on lists and caches
 * of ours. Done once per user.
 * @returns the folder, laid out like `/`.
 * @throws Problem when this is no such system or a step fails.
 */
export async function unpackDebianPackages(wanted: DebianPackages, say: (line: string) => void): Promise<string> {
  const cache = await cacheFolder()
  const root = join(cache, wanted.folder)
  if (await exists(join(root, wanted.proof))) return root
  if ((await runCommand('apt-get', ['--version'])).code !== 0) throw new Problem('this system has no apt-get')
  say(`Fetching Debian's ${wanted.title}, once …`)
  await download(wanted, cache, root)
  return root
}

async function cacheFolder(): Promise<string> {
  const wanted = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'viatra-chat')
  try {
    await mkdir(wanted, { recursive: true })
    await access(wanted, constants.W_OK)
    return wanted
  } catch {
    const uid = process.getuid?.() ?? 0
    return mkdir(join(tmpdir(), `viatra-chat-cache-${uid}`), { recursive: true, mode: 0o700 }).then(() =>
      join(tmpdir(), `viatra-chat-cache-${uid}`),
    )
  }
}

async function download({ packages, withDependencies, stepTimeoutMs }: DebianPackages, cache: string, root: string): Promise<void> {
  const work = await mkdtemp(join(cache, 'apt-'))
  const step = stepIn(work, stepTimeoutMs)
  try {
    const apt = await privateApt(work)
    await step('apt-get', [...apt, 'update'])
    const archives = withDependencies ? join(work, 'cache/archives') : work
    if (withDependencies) await step('apt-get', [...apt, 'install', '-y', '--no-install-recommends', '--download-only', ...packages])
    else await downloadWithLibraries(apt, packages, work, step)
    for (const file of await packageFiles(archives)) await step('dpkg', ['-x', file, join(work, 'root')])
    // Two starts may download at once: whoever is first wins.
    await rename(join(work, 'root'), root).catch(() => undefined)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function downloadWithLibraries(apt: string[], packages: readonly string[], work: string, step: Step): Promise<void> {
  await step('apt-get', [...apt, 'download', ...packages])
  const libraries = await missingLibraries(work, step)
  if (libraries.length > 0) await step('apt-get', [...apt, 'download', ...libraries])
}

type Step = (command: string, args: string[]) => Promise<string>

function stepIn(cwd: string, timeoutMs: number | undefined): Step {
  return async (command, args) => {
    const { code, stdout, stderr } = await runCommand(command, args, { cwd, ...(timeoutMs !== undefined && { timeoutMs }) })
    if (code === 0) return stdout
    const reason = code === null ? 'it took too long' : stderr.trim().split('\n').at(-1)
    throw new Problem(`${command} ${args.find((arg) => /^[a-z]+$/.test(arg)) ?? ''} failed: ${reason}`)
  }
}

/** Options that keep apt away from the system's own state: it then needs no rights, and no lock of a running upgrade stops us. */
async function privateApt(work: string): Promise<string[]> {
  for (const folder of ['lists/partial', 'cache/archives/partial']) await mkdir(join(work, folder), { recursive: true })
  const settings = [
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Debug::NoLocking=1',
    'APT::Update::Post-Invoke-Success=',
    'Acquire::Languages=none',
    // As root apt would step down to a user who may not write here.
    'APT::Sandbox::User=root',
  ]
  return settings.flatMap((setting) => ['-o', setting])
}

/** Libraries that the packages in `work` name and that this machine does not have. What it has is left alone: a newer copy may not fit the rest. */
async function missingLibraries(work: string, step: Step): Promise<string[]> {
  const named = new Set<string>()
  for (const file of await packageFiles(work)) {
    const depends = await step('dpkg-deb', ['-f', file, 'Depends'])
    for (const name of depends.matchAll(/(?:^|,)\s*(lib[a-z0-9.+-]+)/g)) if (name[1]) named.add(name[1])
  }
  const missing: string[] = []
  for (const name of named) {
    const { stdout } = await runCommand('dpkg-query', ['-W', '-f', '${db:Status-Status}', name])
    if (!stdout.includes('installed') || stdout.includes('not-installed')) missing.push(name)
  }
  return missing
}

async function packageFiles(work: string): Promise<string[]> {
  return (await readdir(work)).filter((name) => name.endsWith('.deb')).map((name) => join(work, name))
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
