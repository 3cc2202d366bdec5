import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLines } from './sends.mjs'
import { withStand } from '../stand.mjs'

const file = fileURLToPath(new URL('../../results/send-path-profile.md', import.meta.url))
const shown = 30

/** Where a gateway spends its time under saturated sends, by function; written to `bench/results/send-path-profile.md`. */
export async function profile(stores) {
  const folder = await mkdtemp(join(tmpdir(), 'viatra-profile-'))
  await withStand(stores, 'profile', async (stand) => {
    const { product } = await openLines(stand, { product: { nodeArgs: ['--cpu-prof', '--cpu-prof-dir', folder] } })
    await product.saturate(6000)
  })
  const [first] = await readdir(folder)
  const rows = byFunction(JSON.parse(await readFile(join(folder, first), 'utf8'))).slice(0, shown)
  await rm(folder, { recursive: true })
  await writeFile(file, markdown(rows))
  return rows.map(({ name, share }) => ({ what: name, product: `${(share * 100).toFixed(1)} %` }))
}

/** Own time of each function, as a share of the time in which anything ran. */
function byFunction({ nodes, samples, timeDeltas }) {
  const own = new Map()
  samples.forEach((id, i) => own.set(id, (own.get(id) ?? 0) + timeDeltas[i]))
  const byName = new Map()
  let total = 0
  for (const { id, callFrame } of nodes) {
    if (callFrame.functionName === '(idle)' || callFrame.functionName === '(root)') continue
    const time = own.get(id) ?? 0
    total += time
    byName.set(nameOf(callFrame), (byName.get(nameOf(callFrame)) ?? 0) + time)
  }
  return [...byName].map(([name, time]) => ({ name, share: time / total })).sort((a, b) => b.share - a.share)
}

function nameOf({ functionName, url, lineNumber }) {
  const place = url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(packages|services)\//, '$1/')
  return `${functionName || '(anonymous)'}${place && ` ${place}:${lineNumber + 1}`}`
}

function markdown(rows) {
  const lines = rows.map(({ name, share }, i) => `| ${i + 1} | ${(share * 100).toFixed(1)} % | \`${name}\` |`)
  return `# CPU profile of a gateway under saturated sends\n\nOwn time of functions, as shares of the time in which anything ran. Written by \`pnpm bench profile\`.\n\n| | share | function |\n|---|---|---|\n${lines.join('\n')}\n`
}
