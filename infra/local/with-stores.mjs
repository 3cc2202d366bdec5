// node infra/local/with-stores.mjs PROGRAM …: runs a built command on the stores of DATABASE_URL and REDIS_URL, else on those of the `npm start` that runs here.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, main, root, Step } from './prepare.mjs'

await main(async () => {
  const [program, ...args] = process.argv.slice(2)
  // What the command prints may be data: nothing else goes to standard output.
  console.log = console.error
  if (!existsSync(join(root, program))) {
    await install()
    await build()
  }
  const { status } = spawnSync(process.execPath, [join(root, program), ...args], {
    stdio: 'inherit',
    env: { ...(await runningStores()), ...process.env },
  })
  process.exit(status ?? 1)
})

async function runningStores() {
  if (process.env.DATABASE_URL) return {}
  const { findRunning } = await import('./dist/instance/running-file.js')
  const { dataDirOf } = await import('./dist/instance/settings.js')
  const running = await findRunning(dataDirOf(root, process.env))
  if (!running?.databaseUrl) throw new Step('Which database? Set DATABASE_URL, or run `npm start`.')
  return { DATABASE_URL: running.databaseUrl, REDIS_URL: running.redisUrl }
}
