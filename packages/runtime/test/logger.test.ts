import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const DIST = fileURLToPath(new URL('../dist/index.js', import.meta.url))

test('tokens, texts and rows never reach the log, at three levels of depth', () => {
  const line = logged(`{
    token: 's3cret', body: { content: 's3cret', metadata: { a: 's3cret' } }, req: { headers: { authorization: 's3cret' } },
    err: Object.assign(new Error('bad row'), { detail: 'Failing row contains (s3cret)' }), kept: 'yes' }`)
  expect(line).not.toContain('s3cret')
  expect(JSON.parse(line)).toMatchObject({ level: 'info', name: 'sample', kept: 'yes', msg: 'done', err: { message: 'bad row' } })
})

function logged(object: string): string {
  const script = `import { createLogger } from ${JSON.stringify(DIST)}; createLogger({ name: 'sample', level: 'info' }).info(${object}, 'done')`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout
}
