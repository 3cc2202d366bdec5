// pnpm generate: writes anew every committed file that is made from the sources.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, main, root, Step } from './prepare.mjs'

await main(async () => {
  await install()
  await build()
  for (const script of ['packages/contract/dist/generate.js', 'db/dist/generate-cli.js']) {
    if (!existsSync(join(root, script))) continue
    const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: 'inherit' })
    if (status !== 0) throw new Step(`${script} failed.`)
  }
})
