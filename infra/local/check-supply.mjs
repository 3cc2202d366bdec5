// pnpm check:supply: known high or critical advisories against what runs in production, and dependencies that nothing uses.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { install, main, root, Step } from './prepare.mjs'

await main(async () => {
  await install()
  const problems = [...checkAdvisories(), ...checkUnused()]
  if (problems.length > 0) throw new Step(problems.join('\n'))
})

/** A registry that cannot be asked, or does not answer this question, is said and is no failure: the rest can be checked without it. */
function checkAdvisories() {
  const { stdout } = run('pnpm', ['audit', '--prod', '--json'])
  const report = parse(stdout)
  if (!report?.metadata?.vulnerabilities) {
    console.log(`Advisories: could not ask (${report?.error?.code ?? 'no answer from the registry'}).`)
    return []
  }
  const severe = Object.values(report.advisories ?? {}).filter(({ severity }) => severity === 'high' || severity === 'critical')
  if (severe.length === 0) console.log('Advisories: none that is high or critical.')
  return severe.map(({ severity, module_name, title, url }) => `Advisory (${severity}): ${module_name}: ${title} ${url ?? ''}`.trim())
}

function checkUnused() {
  const { status, stdout, stderr } = run('knip', ['--include', 'dependencies,unlisted', '--no-progress'])
  if (status === 0) console.log('Dependencies: each is used, and each that is used is listed.')
  return status === 0 ? [] : [`${stdout}${stderr}`.trim()]
}

function run(program, args) {
  return spawnSync(join(root, 'node_modules', '.bin', program), args, { cwd: root, encoding: 'utf8', env: { ...process.env, CI: 'true' } })
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
