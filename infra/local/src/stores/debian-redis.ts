import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../problem.js'
import { runCommand } from '../processes/run-command.js'

/** The unpacked program and the environment in which it finds its libraries. */
export interface UnpackedRedis {
  command: string
  env: NodeJS.ProcessEnv
}

/**
 * Downloads the distribution's own Redis (Debian, Ubuntu) and unpacks it into a cache folder, without installing anything and without root:
 * apt works on lists and caches of ours. Done once per user.
 * @throws Problem when this is no such system or a step fails.
 */
export async function unpackDebianRedis(say: (line: string) => void): Promise<UnpackedRedis> {
  const cache = await cacheFolder()
  const root = join(cache, 'redis')
  if (!(await exists(join(root, 'usr/bin/redis-server')))) {
    if ((await runCommand('apt-get', ['--version'])).code !== 0) throw new Problem('this system has no apt-get')
    say("Fetching Debian's Redis package, once …")
    await download(cache, root)
  }
  return { command: join(root, 'usr/bin/redis-server'), env: { ...process.env, LD_LIBRARY_PATH: (await libraryFolders(root)).join(':') } }
}

async function cacheFolder(): Promise<string> {
  const wanted = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'viatra-chat')
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

async function download(cache: string, root: string): Promise<void> {
  const work = await mkdtemp(join(cache, 'apt-'))
  try {
    const apt = await privateApt(work)
    await step('apt-get', [...apt, 'update'], work)
    await fetchPackages(apt, work, ['redis-server', 'redis-tools'])
    await fetchPackages(apt, work, await missingLibraries(work))
    for (const file of await packageFiles(work)) await step('dpkg', ['-x', file, join(work, 'root')], work)
    // Two starts may download at once: whoever is first wins.
    await rename(join(work, 'root'), root).catch(() => undefined)
  } finally {
    await rm(work, { recursive: true, force: true })
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

async function fetchPackages(apt: string[], work: string, names: string[]): Promise<void> {
  if (names.length > 0) await step('apt-get', [...apt, 'download', ...names], work)
}

/** Libraries that the packages in `work` name and that this machine does not have. What it has is left alone: a newer copy may not fit the rest. */
async function missingLibraries(work: string): Promise<string[]> {
  const named = new Set<string>()
  for (const file of await packageFiles(work)) {
    const depends = await step('dpkg-deb', ['-f', file, 'Depends'], work)
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

async function step(command: string, args: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, args, { cwd })
  if (code === 0) return stdout
  throw new Problem(`${command} ${args.find((arg) => /^[a-z]+$/.test(arg)) ?? ''} failed: ${stderr.trim().split('\n').at(-1)}`)
}

/** `usr/lib/<machine>` and `lib/<machine>` inside the unpacked packages. */
async function libraryFolders(root: string): Promise<string[]> {
  const found: string[] = []
  for (const base of ['usr/lib', 'lib']) {
    const entries = await readdir(join(root, base)).catch(() => [])
    found.push(...entries.filter((name) => name.includes('-linux-')).map((name) => join(root, base, name)))
  }
  return found
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
