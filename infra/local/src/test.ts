import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { countCheck, countTests, summaryLine, type Counts, type VitestReport } from './checks/count-results.js'
import { endOnSignals, runBeside, runShown } from './checks/run-shown.js'
import { rootFolder } from './instance/settings.js'

endOnSignals()
const cached = ['--cache', '--cache-strategy=content', '--cache-location=.cache/prettier']
// The tests begin with those that mostly wait: what is checked beside them costs hardly any time.
// The types of the sources were checked by the build before this; what is left are the tests themselves.
const checks = [
  check('type check of the tests', 'typescript/bin/tsc', ['-p', 'tsconfig.tests.json']),
  check('lint', 'eslint/bin/eslint.js', ['.']),
  check('check of the format', 'prettier/bin/prettier.cjs', ['--check', '--log-level=warn', ...cached, '.']),
]
const tests = await runTests(process.argv.slice(2))
const counts = [...(await Promise.all(checks.map(show))), tests]
console.log(summaryLine(counts))
process.exit(counts.some(({ failed }) => failed > 0) ? 1 : 0)

interface Check {
  name: string
  result: ReturnType<typeof runBeside>
}

function check(name: string, script: string, args: string[]): Check {
  return { name, result: runBeside(join('node_modules', script), args) }
}

/** Shown after the tests, whose output would bury it. */
async function show({ name, result }: Check): Promise<Counts> {
  const { code, output } = await result
  if (code !== 0 || output.trim() !== '') console.log(`The ${name} ${code === 0 ? 'passed' : 'failed'}:\n${output.trimEnd()}`)
  return countCheck(code)
}

async function runTests(args: string[]): Promise<Counts> {
  const file = join(rootFolder, '.cache', `test-report-${process.pid}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const exitCode = await runShown('node_modules/vitest/vitest.mjs', ['run', ...reporters, ...args])
  const report = await readFile(file, 'utf8').catch(() => undefined)
  await rm(file, { force: true })
  return countTests(report === undefined ? undefined : (JSON.parse(report) as VitestReport), exitCode)
}
