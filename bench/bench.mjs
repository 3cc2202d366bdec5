// pnpm bench [name …]: measures the product beside its ceilings in one run on this machine and prints what became of each target.
import { build, install, main } from '../infra/local/prepare.mjs'

await main(async () => {
  await install()
  await build()
  const { runBenchmarks } = await import('./product/run-benchmarks.mjs')
  await runBenchmarks(process.argv.slice(2))
})
