import { readFile, writeFile } from 'node:fs/promises'
import { events, operations, type Operation } from '@viatra-chat/contract'
import { startWorld, type World } from '@viatra-chat/testkit'
import { format, resolveConfig } from 'prettier'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { madePlain } from './plain.js'
import { recordExamples, type Recorded } from './record-examples.js'

// The examples in the documents are what the product answers today. Write them anew with UPDATE_EXAMPLES=1, then `pnpm generate`.
const file = new URL('../../packages/contract/src/examples.generated.ts', import.meta.url)

let world: World
let recorded: Recorded
beforeAll(async () => {
  world = await startWorld()
  recorded = madePlain(await recordExamples(world))
})
afterAll(() => world.close())

test('the examples in the documents are what the product answers', async () => {
  const text = [
    '// Recorded from the running product by acceptance/documents; see there for how to write it anew.',
    "import type { Examples } from './examples.js'",
    '',
    `export const examples: Examples = ${JSON.stringify(recorded)}`,
  ].join('\n')
  const formatted = await format(text, { ...(await resolveConfig(file)), parser: 'typescript' })
  if (process.env.UPDATE_EXAMPLES === '1') await writeFile(file, formatted)
  expect(await readFile(file, 'utf8')).toBe(formatted)
})

test('every operation and event has one', () => {
  const entries = Object.entries<Operation>(operations)
  expect(Object.keys(recorded.rest).toSorted()).toEqual(entries.flatMap(([name, { rest }]) => (rest ? [name] : [])).toSorted())
  expect(Object.keys(recorded.asked).toSorted()).toEqual(entries.flatMap(([name, { socket }]) => (socket ? [name] : [])).toSorted())
  // Only a gateway in trouble says resync.
  expect([...Object.keys(recorded.told), 'resync'].toSorted()).toEqual(Object.keys(events).toSorted())
})
