import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

interface Sabotage {
  name: string
  edits: [file: string, text: string, instead: string][]
}

const { sabotages } = (await import(new URL('sabotages.mjs', import.meta.url).href)) as { sabotages: Sabotage[] }
const edits = sabotages.flatMap(({ name, edits }) => edits.map(([file, text]) => [name, file, text] as const))

test.each(edits)('the sabotage "%s" finds in %s what it takes out: %s', async (_, file, text) => {
  expect(await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')).toContain(text)
})
