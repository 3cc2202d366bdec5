// What every command does first. Runs before anything is installed: plain JavaScript, Node's own modules only.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const bin = join(root, 'node_modules', '.bin')
const installed = join(root, 'node_modules', '.installed')
const oldestNode = [20, 11]
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Runs a command; what goes wrong with a sentence to say ends it with that sentence alone. */
export async function main(command) {
  try {
    requireNode()
    await command()
  } catch (error) {
    console.error(isSentence(error) ? error.message : error)
    process.exit(1)
  }
}

const isSentence = (error) => error instanceof Step || error?.name === 'Problem' || String(error?.code).startsWith('ERR_PARSE_ARGS')

/** A failed step: `message` is the sentence to show, `output` all that it wrote. */
export class Step extends Error {
  constructor(message, output = '') {
    super(message)
    this.output = output
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return
  throw new Step(`This needs Node.js ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`)
}

/** Installs the packages when they are missing or the lock file or a manifest changed since. */
export async function install() {
  const fingerprint = fingerprintOf(manifests())
  if (existsSync(installed) && readFileSync(installed, 'utf8') === fingerprint) return
  console.log('Installing packages …')
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [command, args] = existsSync(join(bin, 'pnpm')) ? [join(bin, 'pnpm'), []] : ['npx', ['-y', packageManager]]
  // CI keeps pnpm from asking questions.
  const result = await run(command, [...args, 'install', '--frozen-lockfile'], { ...process.env, CI: 'true' })
  if (result.code !== 0) throw new Step(installFailure(result.output), result.output)
  writeFileSync(installed, fingerprint)
}

function installFailure(output) {
  const log = join(root, '.cache', 'install.log')
  mkdirSync(dirname(log), { recursive: true })
  writeFileSync(log, output)
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|META_FETCH_FAIL|network/i.test(output)) {
    return `The packages could not be installed: the npm registry is not reachable (details in ${log}).`
  }
  if (output.includes('OUTDATED_LOCKFILE')) return 'pnpm-lock.yaml does not fit the package.json files: run `pnpm install` once.'
  const last =
    output
      .trim()
      .split('\n')
      .filter((line) => /ERR|error/i.test(line))
      .at(-1) ?? output.trim().split('\n').at(-1)
  return `The packages could not be installed: ${last} (details in ${log}).`
}

function manifests() {
  const folders = ['.', 'db', 'acceptance', 'bench', 'infra/local', ...children('packages'), ...children('services')]
  return ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...folders.map((folder) => join(folder, 'package.json'))].filter((file) =>
    existsSync(join(root, file)),
  )
}

function children(folder) {
  return readdirSync(join(root, folder)).map((name) => join(folder, name))
}

function fingerprintOf(files) {
  const hash = createHash('sha256').update(process.version)
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/**
 * Builds what changed, and with that checks the types of all sources. One compiler for all packages, not turbo's one per package: it reads
 * what they share once, which halves a first build, and finds out in 0.3 s that nothing changed.
 */
export async function build() {
  const notice = setTimeout(() => console.log('Building, which checks the types …'), 1000)
  const result = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', '--pretty', 'false'], process.env)
  clearTimeout(notice)
  if (result.code !== 0) throw new Step(`The build failed:\n${result.output.trim()}`, result.output)
  const { bundleTypebox } = await import('../../packages/contract/bundle-typebox.mjs')
  await bundleTypebox()
  const { buildPlayground } = await import('../../packages/playground/build.mjs')
  await buildPlayground()
}

function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const interrupt = (signal) => {
      child.kill(signal)
      process.exit(1)
    }
    for (const signal of signals) process.once(signal, interrupt)
    child.once('close', () => signals.forEach((signal) => process.off(signal, interrupt)))
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.once('error', (error) => resolve({ code: -1, output: error.message }))
    child.once('close', (code) => resolve({ code, output }))
  })
}
