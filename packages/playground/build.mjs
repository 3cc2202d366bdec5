// Bundles the page for browsers. Called by the commands of infra/local after the compiler, whose output it reads.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const site = join(folder, 'dist', 'site')
const inputsFile = join(site, 'inputs.json')

/** Writes dist/site: page.html, app.js and app.css. Takes some 5 ms when nothing changed since. */
export async function buildPlayground() {
  if (await isUpToDate()) return
  const { build } = await import('esbuild')
  await mkdir(site, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: { app: 'dist/main.js', style: 'src/style.css' },
    bundle: true,
    minify: true,
    sourcemap: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: site,
    metafile: true,
    logLevel: 'error',
  })
  await writeFile(join(site, 'page.html'), await readFile(join(folder, 'page.html')))
  // Last: an interrupted build is no build.
  await writeFile(inputsFile, JSON.stringify(['page.html', 'build.mjs', 'package.json', ...Object.keys(metafile.inputs)]))
}

async function isUpToDate() {
  try {
    const builtAt = (await stat(inputsFile)).mtimeMs
    const inputs = JSON.parse(await readFile(inputsFile, 'utf8'))
    const changedAt = await Promise.all(inputs.map(async (input) => (await stat(join(folder, input))).mtimeMs))
    return changedAt.every((time) => time < builtAt)
  } catch {
    return false
  }
}
