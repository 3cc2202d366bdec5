import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'
import { routeTable } from '../dist/route-table.js'

const gzipBytesMax = 8 * 1024
const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url))

let bundle: { text: string; inputs: string[] }
beforeAll(async () => {
  // For browsers: an import of something of Node's would fail here.
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['socket.io-client'],
    write: false,
    metafile: true,
  })
  bundle = { text: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
})

test('the bundle is small', () => {
  const bytes = gzipSync(bundle.text, { level: 9 }).length
  console.log(`@viatra-chat/client: ${bundle.text.length} bytes minified, ${bytes} gzipped, without socket.io-client`)
  expect(bytes).toBeLessThanOrEqual(gzipBytesMax)
})

test('nothing but the client itself and socket.io-client is in the bundle', () => {
  expect(bundle.inputs.filter((input) => !input.includes('packages/client/dist/'))).toEqual([])
  expect(bundle.text.match(/from"[^"]+"/g)).toEqual(['from"socket.io-client"'])
})

test('the routes are those of the contract', () => {
  expect(readFileSync(new URL('../src/routes.generated.ts', import.meta.url), 'utf8')).toBe(routeTable())
})
