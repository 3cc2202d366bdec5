// pnpm bench:decisions [part …]: measures again what the decision records rest on. Everything in one run on one PostgreSQL with fsync on, so
// that the numbers can be compared with each other; between machines only the ratios can.
import { build, install, main } from '../infra/local/prepare.mjs'

await main(async () => {
  await install()
  await build()
  const { runParts } = await import('./decisions/run-parts.mjs')
  await runParts(process.argv.slice(2))
})
