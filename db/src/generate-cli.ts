import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { dataMapText, missingComment, readDataMap } from './data-map.js'
import { readSchema } from './schema.js'

const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is not set: give the URL of a freshly migrated database.')
  process.exit(1)
}
const client = new pg.Client({ connectionString: url })
await client.connect()
await write('../schema.sql', await readSchema(client))
const { columns, unmapped } = await readDataMap(client)
await write('../../docs/data-map.md', dataMapText(columns))
await client.end()
for (const column of unmapped) console.error(missingComment(column))

async function write(path: string, text: string): Promise<void> {
  const file = fileURLToPath(new URL(path, import.meta.url))
  await writeFile(file, text)
  console.log(`Written: ${file}`)
}
