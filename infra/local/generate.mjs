// pnpm generate: writes anew every committed file that is made from the sources.
import { spawnSync } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build, install, main, root, Step } from './prepare.mjs'

await main(async () => {
  await install()
  await build()
  run('packages/contract/dist/generate.js')
  run('packages/client/dist/generate.js')
  await withEmptyDatabase((databaseUrl) => {
    run('db/dist/migrate-cli.js', { DATABASE_URL: databaseUrl })
    run('db/dist/generate-cli.js', { DATABASE_URL: databaseUrl })
  })
})

function run(script, env = {}) {
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  if (status !== 0) throw new Step(`${script} failed.`)
}

async function withEmptyDatabase(use) {
  const { postgresFolder, startPostgres } = await import('./dist/stores/index.js')
  await mkdir(join(root, '.cache'), { recursive: true })
  const dataDir = await postgresFolder(join(root, '.cache'))
  await rm(dataDir, { recursive: true, force: true })
  const store = await startPostgres({ dataDir, durable: false })
  try {
    await use(store.url)
  } finally {
    await store.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
