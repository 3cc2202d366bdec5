import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { countCheck, countTests, summaryLine, type Counts, type VitestReport } from './checks/count-results.js'
import { endOnSignals, runShown } from './checks/run-shown.js'
import { rootFolder } from './instance/settings.js'

endOnSignals()
const types = await checkTypes()
const style = await lint()
const counts = [types, style, await runTests(process.argv.slice(2))]
// Their output is far up by now.
if (types.failed > 0) console.log('The type check of the tests failed, see above.')
if (style.failed > 0) console.log('The lint failed, see above.')
console.log(summaryLine(counts))
process.exit(counts.some(({ failed }) => failed > 0) ? 1 : 0)

/** The sources were checked by the build before this; what is left are the tests themselves. */
async function checkTypes(): Promise<Counts> {
  console.log('Checking the types of the tests …')
  return countCheck(await runShown('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.tests.json']))
}

async function lint(): Promise<Counts> {
  console.log('Linting …')
  const codes = await Promise.all([
    runShown('node_modules/eslint/bin/eslint.js', ['.']),
    runShown('node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']),
  ])
  return countCheck(Math.max(...codes))
}

async function runTests(args: string[]): Promise<Counts> {
  const file = join(rootFolder, '.cache', `test-report-${process.pid}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const exitCode = await runShown('node_modules/vitest/vitest.mjs', ['run', ...reporters, ...args])
  const report = await readFile(file, 'utf8').catch(() => undefined)
  await rm(file, { force: true })
  return countTests(report === undefined ? undefined : (JSON.parse(report) as VitestReport), exitCode)
}
