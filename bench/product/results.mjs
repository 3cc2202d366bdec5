import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../results/', import.meta.url))

/** Writes what was measured, with where and of what. @returns the file. */
export async function writeResults(outcomes) {
  const commit = git('rev-parse', '--short', 'HEAD')
  const at = new Date().toISOString()
  const result = { at, commit, changed: git('status', '--porcelain', '--untracked-files=no') !== '', machine: describeMachine(), outcomes }
  await mkdir(folder, { recursive: true })
  const file = `${folder}${at.slice(0, 16).replaceAll(':', '')}-${[...new Set(outcomes.map(({ benchmark }) => benchmark))].join('-').slice(0, 60)}.json`
  await writeFile(file, `${JSON.stringify(result, undefined, 1)}\n`)
  return file
}

function describeMachine() {
  const gib = Math.round(totalmem() / 1024 ** 3)
  return { cores: availableParallelism(), processor: cpus()[0]?.model.trim(), memoryGib: gib, node: process.versions.node }
}

function git(...args) {
  return execFileSync('git', args, { cwd: folder.replace('/results/', ''), encoding: 'utf8' }).trim()
}
