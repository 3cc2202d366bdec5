import { benchmarks } from './benchmarks/index.mjs'
import { printDetails, printTable } from './report.mjs'
import { writeResults } from './results.mjs'
import { withStores } from './stand.mjs'

/** Runs the named benchmarks, or all, prints what became of each target, and writes it to `bench/results`. */
export async function runBenchmarks(names) {
  const unknown = names.find((name) => !(name in benchmarks))
  if (unknown) throw new Error(`There is no benchmark ${unknown}: ${Object.keys(benchmarks).join(', ')}`)
  const outcomes = []
  await withStores(async (stores) => {
    for (const name of names.length > 0 ? names : Object.keys(benchmarks)) outcomes.push(...(await run(stores, name)))
  })
  printTable(outcomes)
  console.log(`\nWritten to ${await writeResults(outcomes)}`)
  if (outcomes.some(({ error }) => error)) process.exitCode = 1
}

async function run(stores, name) {
  const startedAt = performance.now()
  const rows = await benchmarks[name](stores).catch((error) => [{ what: name, error: error.stack }])
  const outcomes = rows.map((row) => ({ benchmark: name, ...row, ...(row.target && { met: isMet(row) }) }))
  console.log(`\n## ${name} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)\n`)
  printDetails(outcomes)
  return outcomes
}

function isMet({ ratio, target: { min = -Infinity, max = Infinity } }) {
  return ratio >= min && ratio <= max
}
