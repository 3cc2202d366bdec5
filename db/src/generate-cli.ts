import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { readSchema } from './schema.js'

const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is not set: give the URL of a freshly migrated database.')
  process.exit(1)
}
const client = new pg.Client({ connectionString: url })
await client.connect()
const file = fileURLToPath(new URL('../schema.sql', import.meta.url))
await writeFile(file, await readSchema(client).finally(() => client.end()))
console.log(`Written: ${file}`)
