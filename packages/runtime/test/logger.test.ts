import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { scrubText } from '../src/faults/scrub-text.js'

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

test.each([
  ['cannot keep "the biopsy was benign" of \'Ann\'', 'cannot keep "…" of \'…\''],
  ['connect to postgres://chat:s3cret@db:5432/chat failed', 'connect to postgres://[credentials]@db:5432/chat failed'],
  ['Bearer abc.def was refused', 'Bearer [token] was refused'],
  ['bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'bad token [token]'],
  ['no mail to ann.lee@clinic.example today', 'no mail to [address] today'],
  ['Key (email)=(ann) already exists', 'Key (…)=(…) already exists'],
])('%s is reported without what it quotes', (sentence, scrubbed) => {
  expect(scrubText(sentence)).toBe(scrubbed)
})
