import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSchema } from '../src/schema.js'
import { openDatabase, type TestDatabase } from './open-database.js'

let database: TestDatabase
beforeAll(async () => {
  database = await openDatabase('migrated')
})
afterAll(() => database.close())

test('schema.sql is what the migrations make', async ({ skip }) => {
  const [server] = await database.rows<{ major: number }>(`select current_setting('server_version_num')::int / 10000 as major`)
  skip(server?.major !== 15, 'other versions of PostgreSQL spell views and checks in their own way')
  const client = await database.pool.connect()
  const schema = await readSchema(client).finally(() => client.release())
  expect(schema, 'run `pnpm generate`').toBe(readFileSync(new URL('../schema.sql', import.meta.url), 'utf8'))
})

test('tables.ts names the columns of the database, and which of them may be null', async () => {
  const rows = await database.rows<{ table: string; column: string; nullable: boolean }>(`
    select c.relname as table, a.attname as column, not a.attnotnull as nullable
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'chat\\_migrations%'`)
  const lines = rows.map((row) => `${row.table}.${row.column}${row.nullable ? ' or null' : ''}`)
  expect(declaredColumns().sort()).toEqual(lines.sort())
})

function declaredColumns(): string[] {
  const source = readFileSync(new URL('../src/tables.ts', import.meta.url), 'utf8')
  const file = ts.createSourceFile('tables.ts', source, ts.ScriptTarget.Latest)
  const interfaces = new Map(
    file.statements.filter(ts.isInterfaceDeclaration).map((declared) => [declared.name.text, propertiesOf(declared, file)]),
  )
  const tables = interfaces.get('Tables') ?? []
  return tables.flatMap(([table, type]) =>
    (interfaces.get(type) ?? []).map(([column, columnType]) => `${table}.${column}${columnType.includes('null') ? ' or null' : ''}`),
  )
}

function propertiesOf(declared: ts.InterfaceDeclaration, file: ts.SourceFile): [name: string, type: string][] {
  return declared.members.filter(ts.isPropertySignature).map((member) => [member.name.getText(file), member.type?.getText(file) ?? ''])
}
