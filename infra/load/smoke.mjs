// pnpm load:smoke: the Artillery scenarios for real, bounded, over loopback. Starts an instance of its own on PORT (8480), with data that is thrown away.
// Artillery comes by `pnpm dlx`, outside the workspace: it is as large as all the rest together.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build, install, main, root, Step } from '../local/prepare.mjs'

const artillery = 'artillery@2.0.21'
const scenarios = ['send-messages', 'sockets', 'reconnect-storm']
const port = Number(process.env.PORT ?? 8480)
const url = `http://localhost:${port}`
const reports = join(root, '.cache/load')
const load = join(root, 'infra/load')
// A connection holds its budgets, and the people here are few.
const env = { APIS: '1', GATEWAYS: '2', RATE_LIMIT_MULTIPLIER: '100', ...process.env, PORT: String(port) }

await main(async () => {
  await install()
  await build()
  mkdirSync(reports, { recursive: true })
  const dataDir = mkdtempSync(join(tmpdir(), 'viatra-load-'))
  const instance = await startInstance({ ...env, VIATRA_DATA_DIR: join(dataDir, 'data') })
  try {
    await run(process.execPath, [join(root, 'infra/local/dist/load-people.js'), '--count', '100'], {
      ...env,
      VIATRA_DATA_DIR: join(dataDir, 'data'),
    })
    const failed = []
    for (const name of scenarios) if (!(await runScenario(name))) failed.push(name)
    if (failed.length > 0) throw new Step(`Not within its thresholds: ${failed.join(', ')}.`)
    console.log('All scenarios are within their thresholds.')
  } finally {
    await instance.stop()
    rmSync(dataDir, { recursive: true, force: true })
    rmSync(join(load, 'people.csv'), { force: true })
  }
})

async function startInstance(env) {
  const child = spawn(process.execPath, [join(root, 'infra/local/dist/main.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill('SIGTERM'))
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('Viatra Chat runs')) break
  child.stdout.resume()
  if (child.exitCode !== null) throw new Step('The instance did not start.')
  return {
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Shows what Artillery measured; false when it was not within the thresholds of the file. */
async function runScenario(name) {
  const report = join(reports, `${name}.json`)
  rmSync(report, { force: true })
  console.log(`\n${name} …`)
  const args = ['run', join(load, 'artillery', `${name}.yml`), '--environment', 'smoke', '--target', url, '--output', report, '--quiet']
  const started = await dlx([artillery, ...args])
  const { counters, summaries } = JSON.parse(readFileSync(report, 'utf8')).aggregate
  for (const [key, value] of ofProduct(counters)) console.log(`  ${key.padEnd(50)} ${value}`)
  for (const [key, { median, p95, p99 }] of ofProduct(summaries))
    console.log(`  ${key.padEnd(50)} median ${median}, p95 ${p95}, p99 ${p99}`)
  return started && !counters['vusers.failed']
}

// Plugins repeat it all under their own names.
function ofProduct(entries) {
  return Object.entries(entries)
    .filter(([key]) => !key.startsWith('plugins.'))
    .sort()
}

async function dlx(args) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // Elsewhere, or the workspace's settings would hold for it.
  // What Artillery brings for clouds wants newer versions of Node, and is not loaded here.
  const env = { ...process.env, ARTILLERY_DISABLE_TELEMETRY: 'true', npm_config_engine_strict: 'false' }
  const options = { cwd: tmpdir(), env, stdio: ['ignore', 'inherit', 'inherit'] }
  const [code] = await once(spawn('npx', ['-y', packageManager, 'dlx', ...args], options), 'exit')
  return code === 0
}

async function run(command, args, env) {
  const [code] = await once(spawn(command, args, { cwd: root, env, stdio: 'inherit' }), 'exit')
  if (code !== 0) throw new Step(`${args[0]} failed.`)
}
