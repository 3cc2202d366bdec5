// pnpm acceptance [--all] [--minutes N] [--seed N] [--cases F20,F45]
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build, install, main, root } from '../../infra/local/prepare.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const options = { all: { type: 'boolean' }, minutes: { type: 'string' }, seed: { type: 'string' }, cases: { type: 'string' } }

await main(async () => {
  const { all, minutes, seed, cases } = parseArgs({ options }).values
  const isWhole = all || minutes === undefined
  await install()
  await build()
  const env = {
    ...process.env,
    FAULT_ALONE: '1',
    FAULT_ALL: isWhole ? '1' : '0',
    ...(minutes !== undefined && { FAULT_MINUTES: minutes }),
    ...(seed !== undefined && { FAULT_SEED: seed }),
    ...(cases !== undefined && { FAULT_CASES: cases }),
  }
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(here, 'vitest.config.ts')]
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
  child.once('exit', (code) => process.exit(code ?? 1))
})
