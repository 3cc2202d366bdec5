// node infra/docker/rehearse.mjs api|gateway|migrate
// Runs the build steps of an image as they stand, without Docker: the checkout goes into a folder of its own, each RUN of the first stage runs there,
// and what would become /app is measured. For machines that have no Docker; a build says more.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const name = process.argv[2] ?? 'api'
const [, buildStage = ''] = readFileSync(join(root, `infra/docker/${name}.Dockerfile`), 'utf8').split(/^FROM /m)
const steps = [...buildStage.matchAll(/^RUN (.*)$/gm)].map(([, step]) => step)
const work = mkdtempSync(join(tmpdir(), `viatra-image-${name}-`))
const shell = (command) => execFileSync('sh', ['-ec', command], { cwd: join(work, 'src'), stdio: ['ignore', 'ignore', 'inherit'], env })
const env = { ...process.env, CI: 'true', PATH: `${work}/global/bin:${process.env.PATH}`, NPM_CONFIG_PREFIX: `${work}/global` }
try {
  execFileSync('sh', ['-ec', `mkdir -p ${work}/src && git ls-files -co --exclude-standard | tar -cT - | tar -xC ${work}/src`], {
    cwd: root,
  })
  for (const step of steps) {
    const startedAt = performance.now()
    shell(step.replaceAll('/out', join(work, 'out')))
    console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${step}`)
  }
  console.log(execFileSync('du', ['-sh', '--apparent-size', join(work, 'out')], { encoding: 'utf8' }).replace(/\t.*/s, ' in /app'))
} finally {
  rmSync(work, { recursive: true, force: true })
}
