// pnpm acceptance:sabotage: takes one safeguard after the other out of a copy of the product, and expects the checker to notice.
// With a part of a name: those alone.
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { build, install, main, root } from '../../infra/local/prepare.mjs'
import { sabotages } from './sabotages.mjs'

// Packages' own node_modules are copied: their links lead to the other packages of the copy.
const left = new Set(['.git', '.cache', '.turbo'].map((name) => join(root, name)).concat(join(root, 'node_modules')))

await main(async () => {
  await install()
  await build()
  const results = []
  const [part = ''] = process.argv.slice(2)
  for (const sabotage of sabotages.filter(({ name }) => name.includes(part))) results.push(await judge(sabotage))
  say(['', 'sabotage                        verdict      first violation', ...results.map(({ line }) => line)].join('\n'))
  process.exit(results.every(({ isRight }) => isRight) ? 0 : 1)
})

function say(text) {
  process.stdout.write(`${text}\n`)
}

async function judge({ name, cases, edits, caught }) {
  say(`${name}: ${cases} …`)
  const copy = await mkdtemp(join(tmpdir(), 'viatra-sabotage-'))
  try {
    await cp(root, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !left.has(path) })
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
    for (const edit of edits) await apply(copy, edit)
    const { code, output } = await run(copy, cases)
    const violation = caught && output.match(new RegExp(`"((?:Error: )?${caught.source}.*)"`))?.[1]
    const isRight = caught ? code !== 0 && violation !== undefined : code === 0
    if (!isRight) say(output.slice(-3000))
    const verdict = caught ? (isRight ? 'caught' : 'NOT CAUGHT') : isRight ? 'held' : 'BROKEN'
    return { isRight, line: `${name.padEnd(31)} ${verdict.padEnd(12)} ${violation?.slice(0, 110) ?? ''}` }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

async function apply(copy, [file, text, instead]) {
  const path = join(copy, file)
  const before = await readFile(path, 'utf8')
  if (!before.includes(text)) throw new Error(`${basename(file)} does not hold what is to be taken out: ${text}`)
  await writeFile(path, before.replace(text, instead))
}

function run(copy, cases) {
  const args = [join(copy, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'faults']
  const env = { ...process.env, FAULT_CASES: cases, NO_COLOR: '1' }
  const child = spawn(process.execPath, args, { cwd: copy, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
