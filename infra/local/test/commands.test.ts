import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('an option that a command does not know is told in a sentence', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['acceptance/faults/run.mjs', '--minute', '5'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: "Unknown option '--minute'\n" })
})
