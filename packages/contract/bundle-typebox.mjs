// Puts TypeBox, seven hundred files, into a few, which `#typebox` and `#typebox/compile` stand for: to load it took 0.25 s of processor, half of
// what a service or a command needs to start, and takes 0.05 s so. Called by whoever builds, before anything runs; the compiler does not need it.
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(import.meta.url)
const folder = dirname(file)

/** Writes dist/typebox. Takes no time when neither the version nor this file changed since. */
export async function bundleTypebox() {
  if (await isUpToDate()) return
  const { build } = await import('esbuild')
  await build({
    absWorkingDir: folder,
    entryPoints: { index: 'typebox', compile: 'typebox/compile' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    outdir: 'dist/typebox',
    logLevel: 'error',
  })
}

async function isUpToDate() {
  const [bundled, ...sources] = await Promise.all(
    [join(folder, 'dist/typebox/compile.js'), join(folder, 'package.json'), file].map(changedAt),
  )
  return sources.every((time) => time < bundled)
}

const changedAt = (path) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )

if (argv[1] === file) await bundleTypebox()
